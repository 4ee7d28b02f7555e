//! What neither types nor lints can say: which module may use which, and words that must not occur.

use std::path::{Path, PathBuf};

/// A module may use the modules after it, never those before it.
#[rustfmt::skip]
const ORDER: &[&str] = &[
    "main", "run", "sign_in", "config", "environment", "server", "proxy", "tls", "check", "http", "entra", "emulator",
    "traffic", "tenant", "journal", "fabric", "ca", "signing", "client", "hosts", "data_dir", "ids", "seed", "clock",
    "notify", "signals",
];

/// Where a word must not occur.
const BANNED: &[(&str, &[&str])] = &[
    (
        "src/fabric",
        &["axum", "tokio", "tower", "hyper", "crate::clock", "async fn", "StatusCode", "tracing", "Mutex", "RwLock"],
    ),
    ("src/http", &["DashMap", "RwLock", "Mutex", "Timestamp::now"]),
    ("src/entra", &["axum", "tokio", "hyper", "crate::clock", "async fn", "StatusCode", "std::fs", "DataDir"]),
    ("src", &["#[allow", "unimplemented!", "todo!"]),
];

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(under).expect("the sources are there") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn modules_use_only_what_comes_after_them() {
    let mut broken = Vec::new();
    for path in sources(&root().join("src")) {
        let inner = path.strip_prefix(root().join("src")).unwrap();
        let module = inner.iter().next().unwrap().to_string_lossy().replace(".rs", "");
        let Some(rank) = ORDER.iter().position(|known| *known == module) else {
            assert_eq!(module, "lib", "{module} has no place in the order");
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        for earlier in &ORDER[..rank] {
            if text.contains(&format!("crate::{earlier}::")) || text.contains(&format!("crate::{earlier};")) {
                broken.push(format!("{} uses {earlier}", inner.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn banned_words_do_not_occur() {
    let mut broken = Vec::new();
    for (folder, words) in BANNED {
        for path in sources(&root().join(folder)) {
            let text = std::fs::read_to_string(&path).unwrap();
            broken.extend(
                words.iter().filter(|word| text.contains(**word)).map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn references_to_the_fidelity_document_lead_somewhere() {
    let document = std::fs::read_to_string(root().join("docs/fidelity.md")).unwrap();
    let headings: Vec<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    let mut lost = Vec::new();
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for reference in text.split("fidelity.md#").skip(1) {
            let anchor: String = reference.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            if !headings.contains(&anchor) {
                lost.push(format!("{}: #{anchor}", path.display()));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}
