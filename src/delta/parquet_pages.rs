//! Checks of Parquet files before the crate `parquet` allocates what they ask for.

use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

use super::error::Problem;
use super::files::Content;

/// The largest footer, in bytes: a file of 10,000 row groups and 20 columns has less.
const FOOTER_BYTES_MAX: u32 = 32 << 20;

/// Rejects a file whose footer is too large. All other mistakes in it are left to the crate.
pub(super) fn check_footer(content: &Content) -> Result<(), Problem> {
    let mut end = [0; 8];
    let Some(offset) = content.size().checked_sub(end.len() as u64) else { return Ok(()) };
    content.read_at(offset, &mut end).map_err(Problem::parquet)?;
    let [a, b, c, d, ..] = end;
    let length = u32::from_le_bytes([a, b, c, d]);
    if length <= FOOTER_BYTES_MAX || u64::from(length) > content.size() {
        return Ok(());
    }
    Err(Problem::parquet(format_args!("the footer has {length} bytes")))
}

/// The pages of a column. A dictionary that states more values than it has bytes is an error; the crate would allocate
/// them.
pub(super) struct CheckedPages(pub(super) Box<dyn PageReader>);

impl Iterator for CheckedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.0.get_next_page()?;
        match &page {
            Some(Page::DictionaryPage { buf, num_values, .. }) if *num_values as usize > buf.len() => {
                Err(ParquetError::General(format!("a dictionary of {} bytes has {num_values} values", buf.len())))
            }
            _ => Ok(page),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}
