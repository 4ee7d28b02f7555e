//! Kills of a program with a state file, at random moments under write load. Every answered write survives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::program::Program;
use crate::wire::Client;
use crate::{alone, notice, seed};

/// The default numbers of kills: of a short attack, and of one whose duration is given.
const ROUNDS: [usize; 2] = [20, 100];
/// The number of clients that write at the same time.
const WRITERS: u64 = 4;
/// The maximum time of the load before a kill, in milliseconds.
const LOAD_MAX: u64 = 120;
/// The number of workspaces that a writer keeps.
const KEPT: usize = 12;
/// The maximum length of a description. Long ones make the file large, so that it is often compacted.
const DESCRIPTION_MAX: usize = 4_000;

/// A workspace as its writer knows it.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    id: String,
    description: String,
}

/// A change that was sent, and whose response did not arrive: the workspace, before and after. The id of a new workspace
/// is empty.
#[derive(Debug)]
struct Unanswered {
    name: String,
    before: Option<Known>,
    after: Option<Known>,
}

/// A client that changes workspaces and the clock of a tenant of its own.
struct Writer {
    tenant: String,
    random: Rng,
    created: usize,
    known: BTreeMap<String, Known>,
    unanswered: Option<Unanswered>,
    now: String,
    answers: usize,
}

impl Writer {
    fn new(number: u64, random: Rng) -> Self {
        Self {
            tenant: format!("00000000-0000-4000-9000-{number:012}"),
            random,
            created: 0,
            known: BTreeMap::new(),
            unanswered: None,
            now: String::new(),
            answers: 0,
        }
    }

    fn client(&self, address: SocketAddr) -> Client {
        let claims = json!({"tid": self.tenant, "oid": self.tenant, "idtyp": "user"}).to_string();
        let token = format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims));
        Client::with_token(address, &token)
    }

    /// Asserts that the tenant is as the writer knows it, except for the change without a response.
    fn verify(&mut self, address: SocketAddr) {
        let mut client = self.client(address);
        let clock = client.ask("GET", &format!("/_emulator/clock?tenant={}", self.tenant), "").1;
        assert!(self.now.as_str() <= clock["now"].as_str().unwrap(), "{clock} is earlier than {}", self.now);
        let listed = client.ask("GET", "/v1/workspaces", "").1;
        let listed = listed["value"].as_array().unwrap().iter().filter(|it| it["type"] == "Workspace");
        let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
        let known = |it: &Value| Known { id: text(it, "id"), description: text(it, "description") };
        let found: BTreeMap<String, Known> = listed.map(|it| (text(it, "displayName"), known(it))).collect();
        if let Some(Unanswered { name, before, after }) = self.unanswered.take() {
            let actual = found.get(&name).cloned();
            let is_new = before.is_none()
                && actual.as_ref().map(|it| &it.description) == after.as_ref().map(|it| &it.description);
            assert!(actual == before || actual == after || is_new, "{name}: {actual:?}, not {before:?} or {after:?}");
            match actual {
                Some(actual) => drop(self.known.insert(name, actual)),
                None => drop(self.known.remove(&name)),
            }
        }
        assert!(found == self.known, "{}: {:?} instead of {:?}", self.tenant, found.keys(), self.known.keys());
    }

    /// Changes something until the connection ends.
    fn write(&mut self, client: &mut Client) {
        while self.unanswered.is_none() {
            if self.random.u8(..) < 16 {
                let path = format!("/_emulator/clock/advance?tenant={}", self.tenant);
                let manual = format!("/_emulator/clock?tenant={}", self.tenant);
                let moved = client
                    .try_ask("POST", &manual, r#"{"mode":"manual"}"#)
                    .and_then(|_| client.try_ask("POST", &path, r#"{"seconds":1.5}"#));
                let Ok((200, clock)) = moved else { return };
                self.now = clock["now"].as_str().unwrap().to_owned();
            } else {
                self.change(client);
            }
        }
    }

    fn change(&mut self, client: &mut Client) {
        let names: Vec<String> = self.known.keys().cloned().collect();
        let chosen = (names.len() >= KEPT || !names.is_empty() && self.random.bool())
            .then(|| names[self.random.usize(..names.len())].clone());
        let description = self.random.u8(b'a'..=b'z') as char;
        let description = description.to_string().repeat(self.random.usize(1..=DESCRIPTION_MAX));
        let name = chosen.clone().unwrap_or_else(|| {
            self.created += 1;
            format!("w{}", self.created)
        });
        let before = self.known.get(&name).cloned();
        let id = before.as_ref().map_or(String::new(), |it| it.id.clone());
        let is_deletion = before.is_some() && (names.len() >= KEPT || self.random.u8(..) < 64);
        let after = (!is_deletion).then(|| Known { id, description: description.clone() });
        let body = json!({"displayName": name, "description": description}).to_string();
        let path = before.as_ref().map_or("/v1/workspaces".to_owned(), |it| format!("/v1/workspaces/{}", it.id));
        let answer = match (&before, is_deletion) {
            (None, _) => client.try_ask("POST", &path, &body),
            (Some(_), true) => client.try_ask("DELETE", &path, ""),
            (Some(_), false) => client.try_ask("PATCH", &path, &body),
        };
        let Ok((status, answer)) = answer else {
            self.unanswered = Some(Unanswered { name, before, after });
            return;
        };
        assert!(matches!(status, 200 | 201), "{path}: {answer}");
        self.answers += 1;
        match after {
            None => drop(self.known.remove(&name)),
            Some(after) => {
                let id = answer["id"].as_str().unwrap().to_owned();
                self.known.insert(name, Known { id, ..after });
            }
        }
    }
}

#[test]
fn answered_writes_survive_kills() {
    let _alone = alone();
    let default = ROUNDS[usize::from(std::env::var_os("SPECULARITE_ATTACK_SECONDS").is_some())];
    let rounds = std::env::var("SPECULARITE_KILL_ROUNDS").map_or(default, |rounds| rounds.parse().unwrap());
    let mut random = Rng::with_seed(seed());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.ndjson");
    let mut writers: Vec<Writer> = (1..=WRITERS).map(|number| Writer::new(number, random.fork())).collect();
    let (begun, mut largest) = (Instant::now(), 0);
    for _ in 0..rounds {
        let mut program = Program::start_with(&["--state".as_ref(), file.as_os_str()]);
        let address = program.address;
        writers.iter_mut().for_each(|writer| writer.verify(address));
        // The program can be killed before a thread has started.
        let mut clients: Vec<Client> = writers.iter().map(|writer| writer.client(address)).collect();
        std::thread::scope(|scope| {
            for (writer, client) in writers.iter_mut().zip(&mut clients) {
                scope.spawn(|| writer.write(client));
            }
            std::thread::sleep(Duration::from_millis(random.u64(..LOAD_MAX)));
            program.kill();
        });
        largest = largest.max(std::fs::metadata(&file).unwrap().len());
    }
    let program = Program::start_with(&["--state".as_ref(), file.as_os_str()]);
    let address = program.address;
    writers.iter_mut().for_each(|writer| writer.verify(address));
    let answers: usize = writers.iter().map(|writer| writer.answers).sum();
    let took = begun.elapsed();
    notice(&format!("kills: {rounds} in {took:?}, {answers} answered writes, a file of at most {largest} bytes"));
    assert!(answers > rounds, "{answers} writes were answered");
}
