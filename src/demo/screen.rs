//! The output of a story: lines, and on a terminal a block of lines that is redrawn in place.
//!
//! The cursor stays visible and rests below the last line, so that a program that ends at any moment leaves a usable
//! terminal behind.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// The width in columns if it is unknown.
const WIDTH: usize = 80;
/// The smallest width that lines are cut to.
const WIDTH_MIN: usize = 20;

/// The meaning of a line, which determines its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// The title of a step.
    Title,
    /// An explanation.
    Text,
    /// A request and the status of its answer.
    Request,
    /// A status or a figure in good order.
    Good,
    /// A status that will change by itself.
    Busy,
    /// An error.
    Bad,
}

/// A line with its tone.
pub(super) type Line = (Tone, String);

/// The standard output of the program.
pub struct Screen {
    out: Box<dyn Write + Send>,
    /// `true` if blocks are redrawn in place.
    redraws: bool,
    colours: bool,
    /// The number of lines of the block that can still be redrawn.
    drawn: usize,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("redraws", &self.redraws).field("colours", &self.colours).finish_non_exhaustive()
    }
}

/// Returns `true` if standard output is a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

impl Screen {
    /// Returns the screen on standard output. A `plain` screen has no escape sequences.
    pub fn new(plain: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colours = !plain && AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        // On Windows this stream also makes the console interpret escape sequences.
        let out: Box<dyn Write + Send> =
            if plain { Box::new(io::stdout()) } else { Box::new(AutoStream::always(io::stdout())) };
        Self { out, redraws: !plain && !is_dumb, colours, drawn: 0 }
    }

    /// Returns the width of the terminal in columns. Plain lines have no limit.
    pub(super) fn width(&self) -> usize {
        if !self.redraws {
            return usize::MAX;
        }
        terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0)).max(WIDTH_MIN)
    }

    /// Returns `true` if blocks are redrawn in place.
    pub(super) fn redraws(&self) -> bool {
        self.redraws
    }

    /// Writes a line below all others. Text that is wider than the terminal is wrapped at spaces.
    pub(super) fn line(&mut self, tone: Tone, text: &str) {
        let width = self.width().saturating_sub(1);
        let lines: Vec<Line> = wrapped(text, width).into_iter().map(|line| (tone, line)).collect();
        self.drawn = 0;
        self.settle(&lines);
    }

    /// Replaces the block on a terminal. Elsewhere nothing is written.
    pub(super) fn redraw(&mut self, lines: &[Line]) {
        if self.redraws {
            self.draw(lines);
        }
    }

    /// Replaces the block with its final lines.
    pub(super) fn settle(&mut self, lines: &[Line]) {
        self.draw(lines);
        self.drawn = 0;
    }

    /// Writes a block over the last one in one piece. Errors are ignored: a reader that goes away, such as `head`, does
    /// not end the story.
    fn draw(&mut self, lines: &[Line]) {
        // A line that fills the last column can make a terminal wrap.
        let width = self.width().saturating_sub(1);
        let mut text = String::new();
        if self.drawn > 0 {
            let _ = write!(text, "\x1b[{}A", self.drawn);
        }
        for (tone, line) in lines {
            let line: String = line.chars().take(width).collect();
            let style = self.style(*tone);
            let clear = if self.redraws { "\x1b[2K" } else { "" };
            let _ = writeln!(text, "{clear}{style}{line}{style:#}");
        }
        if self.redraws {
            text.push_str("\x1b[J");
        }
        self.drawn = lines.len();
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    fn style(&self, tone: Tone) -> Style {
        let style = match tone {
            Tone::Title => Style::new().bold(),
            Tone::Text => Style::new(),
            Tone::Request => AnsiColor::Cyan.on_default(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Busy => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
        };
        if self.colours { style } else { Style::new() }
    }
}

/// Wraps a text at spaces. Further lines have the indentation of the first.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let indentation: String = text.chars().take_while(|c| *c == ' ').collect();
    let mut lines = vec![indentation.clone()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is a first line");
        let is_empty = last.len() == indentation.len();
        if !is_empty && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(format!("{indentation}{word}"));
        } else {
            last.push_str(if is_empty { "" } else { " " });
            last.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn text_is_wrapped_at_spaces() {
        for (text, width, expected) in [
            ("", 20, vec![""]),
            ("  one two", 20, vec!["  one two"]),
            ("  one two", 9, vec!["  one two"]),
            ("  one two", 8, vec!["  one", "  two"]),
            ("  incomprehensible two", 8, vec!["  incomprehensible", "  two"]),
        ] {
            assert_eq!(wrapped(text, width), expected, "{text:?} {width}");
        }
    }
}
