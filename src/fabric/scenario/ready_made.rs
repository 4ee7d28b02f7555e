//! The scenarios of `fixtures/scenarios/` that need no other file, embedded in the program.

/// A ready-made scenario.
#[derive(Debug)]
pub struct ReadyMade {
    /// The name: that of its file, without the extension.
    pub name: &'static str,
    /// The content, in a few words.
    pub title: &'static str,
    /// The document.
    pub text: &'static str,
}

macro_rules! ready_made {
    ($($name:literal: $title:literal),* $(,)?) => {
        &[$(ReadyMade {
            name: $name,
            title: $title,
            text: include_str!(concat!("../../../fixtures/scenarios/", $name, ".json")),
        }),*]
    };
}

/// All ready-made scenarios. `everything` is absent: it needs the folder of an item.
pub const READY_MADE: &[ReadyMade] = ready_made![
    "cosmos-tutorial": "A Cosmos DB connection and a mirrored database that is ready to be started",
    "failing-table": "A running database with three tables, one of which has failed",
    "throttled": "A running database, tight rate limits, and 429 for every third status call",
    "paused-capacity": "A database that was running until its capacity was paused",
    "thousand-tables": "A running database with 1,000 tables",
    "bad-day": "A running database for which everything goes wrong once",
    "empty": "Nothing: the smallest scenario",
];

impl ReadyMade {
    /// Returns the scenario with a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        READY_MADE.iter().find(|scenario| scenario.name == name)
    }
}
