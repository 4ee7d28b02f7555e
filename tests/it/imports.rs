//! The import graph of the crate: which module names which other one, read from the tokens of its sources.
//!
//! Every path that begins with `crate`, `self` or `super` counts, in `use` trees, in code and in macros. Test modules
//! do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module from the root of the crate, which is empty.
pub(crate) type ModulePath = Vec<String>;

/// The modules of the crate, with the paths that each one names.
#[derive(Debug, Default)]
pub(crate) struct ImportGraph {
    names: BTreeMap<ModulePath, BTreeSet<ModulePath>>,
    reexports: BTreeMap<ModulePath, ModulePath>,
}

impl ImportGraph {
    /// Reads all sources under `src`.
    pub(crate) fn read(src: &Path) -> Self {
        let mut graph = Self::default();
        for path in sources(src) {
            let module = module_of(path.strip_prefix(src).expect("the file lies under src"));
            let text = std::fs::read_to_string(&path).expect("a source is readable text");
            let tokens = text.parse().unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            graph.names.entry(module.clone()).or_default();
            graph.scan(&module, tokens);
        }
        graph
    }

    /// The edges between the modules directly below `parent`: who names whom. Items of the parent's own file count as
    /// `mod`, unless they are re-exports.
    pub(crate) fn edges(&self, parent: &[&str]) -> BTreeSet<(String, String)> {
        let below = |module: &ModulePath| {
            let inside = module.len() >= parent.len() && module.iter().zip(parent).all(|(a, b)| a == b);
            inside.then(|| module.get(parent.len()).map_or_else(|| "mod".to_owned(), Clone::clone))
        };
        let mut edges = BTreeSet::new();
        for (module, paths) in &self.names {
            let Some(from) = below(module) else { continue };
            for path in paths {
                if let Some(to) = below(&self.resolve(path)).filter(|to| *to != from) {
                    edges.insert((from.clone(), to));
                }
            }
        }
        edges
    }

    /// The modules directly below `parent`.
    pub(crate) fn modules(&self, parent: &[&str]) -> BTreeSet<&str> {
        let modules = self.names.keys().filter(|module| module.len() > parent.len());
        let below = modules.filter(|module| module.iter().zip(parent).all(|(a, b)| a == b));
        below.map(|module| module[parent.len()].as_str()).collect()
    }

    /// The module of a path: its longest prefix that is a module, after following re-exports.
    fn resolve(&self, path: &ModulePath) -> ModulePath {
        let mut path = path.clone();
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|length| self.names.contains_key(&path[..*length])).unwrap_or(0);
            match path.get(..=length).and_then(|item| self.reexports.get(item)) {
                Some(target) => path = target.iter().chain(&path[length + 1..]).cloned().collect(),
                None => return path[..length].to_vec(),
            }
        }
        path
    }

    fn scan(&mut self, module: &ModulePath, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut n = 0;
        while n < tokens.len() {
            if is_test_module(&tokens[n..]) {
                n += 5;
                continue;
            }
            match &tokens[n] {
                // The path of a visibility names no import.
                TokenTree::Ident(keyword) if keyword == "pub" && is_parenthesis(tokens.get(n + 1)) => n += 2,
                TokenTree::Ident(root) if is_root(root) && !follows_path(&tokens, n) => {
                    let is_public_use = is_public_use(&tokens, n);
                    let base = base(module, &root.to_string());
                    let mut paths = Vec::new();
                    n = collect(&tokens, n + 1, base, &mut paths);
                    for path in paths {
                        if is_public_use && let Some(name) = path.last() {
                            self.reexports.insert(module.iter().chain([name]).cloned().collect(), path.clone());
                        }
                        self.names.entry(module.clone()).or_default().insert(path);
                    }
                }
                TokenTree::Group(group) => {
                    self.scan(module, group.stream());
                    n += 1;
                }
                _ => n += 1,
            }
        }
    }
}

/// `#[cfg(test)] mod name { … }`.
fn is_test_module(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(hash), TokenTree::Group(attribute), TokenTree::Ident(keyword), ..]
        if hash.as_char() == '#' && attribute.to_string().replace(' ', "") == "[cfg(test)]" && keyword == "mod")
}

fn is_parenthesis(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

fn is_root(ident: &proc_macro2::Ident) -> bool {
    ident == "crate" || ident == "self" || ident == "super"
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

/// Whether the token before is the end of `::`: then the path began earlier.
fn follows_path(tokens: &[TokenTree], n: usize) -> bool {
    n >= 2 && is_colon(tokens.get(n - 1)) && is_colon(tokens.get(n - 2))
}

/// Whether a path is that of a `pub use`.
fn is_public_use(tokens: &[TokenTree], n: usize) -> bool {
    let is = |token: Option<&TokenTree>, word: &str| matches!(token, Some(TokenTree::Ident(ident)) if ident == word);
    if n < 2 || !is(tokens.get(n - 1), "use") {
        return false;
    }
    // `pub use`, or `pub(crate) use`.
    is(tokens.get(n - 2), "pub") || n >= 3 && is(tokens.get(n - 3), "pub")
}

/// The module that a path begins from.
fn base(module: &ModulePath, root: &str) -> ModulePath {
    match root {
        "crate" => Vec::new(),
        "self" => module.clone(),
        _ => module[..module.len().saturating_sub(1)].to_vec(),
    }
}

/// Collects the paths that go on from `prefix` at token `n`. Returns the first token after them.
fn collect(tokens: &[TokenTree], mut n: usize, prefix: ModulePath, paths: &mut Vec<ModulePath>) -> usize {
    let mut path = prefix;
    while is_colon(tokens.get(n)) && is_colon(tokens.get(n + 1)) {
        match tokens.get(n + 2) {
            Some(TokenTree::Ident(segment)) if segment == "super" => {
                path.pop();
            }
            Some(TokenTree::Ident(segment)) => path.push(segment.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                for tree in inner.split(is_comma) {
                    if let Some(TokenTree::Ident(first)) = tree.first() {
                        let name = (first != "self").then(|| first.to_string());
                        collect(tree, 1, path.iter().cloned().chain(name).collect(), paths);
                    }
                }
                return n + 3;
            }
            _ => break,
        }
        n += 3;
    }
    paths.push(path);
    n
}

fn module_of(file: &Path) -> ModulePath {
    let mut module: ModulePath =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| ["mod", "lib"].contains(&last.as_str())) {
        module.pop();
    }
    module
}

/// All Rust sources in a folder.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The circles of a graph: its strongly connected components of more than one module.
pub(crate) fn circles(edges: &BTreeSet<(String, String)>) -> BTreeSet<BTreeSet<String>> {
    let modules: BTreeSet<&String> = edges.iter().flat_map(|(from, to)| [from, to]).collect();
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        modules.iter().map(|module| (*module, reachable(edges, module))).collect();
    let circle = |module: &&String| {
        let circle = reached[*module].iter().filter(|other| reached[**other].contains(*module));
        circle.map(|other| (*other).clone()).collect::<BTreeSet<String>>()
    };
    modules.iter().map(circle).filter(|circle| circle.len() > 1).collect()
}

/// The modules that a module uses, directly and indirectly.
fn reachable<'e>(edges: &'e BTreeSet<(String, String)>, from: &'e String) -> BTreeSet<&'e String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        let targets = edges.iter().filter(|(from, _)| from == module).map(|(_, to)| to);
        next.extend(targets.filter(|to| reached.insert(*to)));
    }
    reached
}
