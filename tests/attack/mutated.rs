//! Connections with mutated requests. None may harm the program.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::mutations::{OF_BYTES, OF_REQUESTS};
use crate::program::{Figures, Ids, Program};
use crate::requests::{Request, valid};
use crate::{GROWTH_MAX_KIB, alone, duration, notice, seed, wire};

/// The number of clients.
const CLIENTS: usize = 16;
/// The time after which the program is reset and measured again.
const ROUND: Duration = Duration::from_secs(2);
/// The maximum time after which the server closes a connection on which nothing happens.
const SILENCE: Duration = Duration::from_secs(35);
/// The number of connections that stall.
const STALLED: usize = 60;

/// The state that all clients share.
struct Attack {
    address: SocketAddr,
    /// A client holds a read lock while it opens connections. Between two rounds, `measure` holds the write lock.
    ids: RwLock<Ids>,
    is_over: AtomicBool,
    statuses: Mutex<BTreeMap<u16, u64>>,
}

#[test]
fn mutated_requests_do_no_harm() {
    let _alone = alone();
    let mut program = Program::start();
    let ids = program.populate();
    answers_valid_requests(&program, &ids);
    let ids = RwLock::new(program.populate());
    let (is_over, statuses) = (AtomicBool::new(false), Mutex::default());
    let attack = Arc::new(Attack { address: program.address, ids, is_over, statuses });
    let mut rng = Rng::with_seed(seed());
    let mut start = || {
        let (attack, rng) = (Arc::clone(&attack), rng.fork());
        std::thread::spawn(move || attack.run(rng))
    };
    let clients: Vec<_> = (0..CLIENTS).map(|_| start()).collect();
    let lasts = duration(60);
    let stalled = if lasts > SILENCE { stall(&attack) } else { Vec::new() };
    let measured = measure(&mut program, &attack, lasts, stalled.len());
    attack.is_over.store(true, Ordering::Relaxed);
    let connections: u64 = clients.into_iter().map(|client| client.join().expect("a client fails")).sum();
    assert_closed(stalled);
    program.assert_unharmed();
    report(&attack, connections, &measured);
}

/// Asserts that the valid requests are valid. Each is answered by a program in the same state.
fn answers_valid_requests(program: &Program, ids: &Ids) {
    let mut wrong = String::new();
    for (expected, mut request) in valid(program.address, ids) {
        assert_eq!(program.populate(), *ids, "ids depend only on the seed and the history");
        request.set("connection", "close");
        let answer = wire::exchange(program.address, &request.bytes()).expect("the connection ends");
        if wire::statuses(&answer).first() != Some(&expected) {
            let (Request { method, target, .. }, answer) = (&request, String::from_utf8_lossy(&answer));
            wrong.push_str(&format!("{method} {target}: expected {expected}\n{answer}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

impl Attack {
    /// Opens connections until the attack is over. Returns their number.
    fn run(&self, mut rng: Rng) -> u64 {
        let mut connections = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            let ids = self.ids.read().unwrap();
            // The ids change with each round.
            let valid: Vec<Request> = valid(self.address, &ids).into_iter().map(|(_, request)| request).collect();
            for _ in 0..50 {
                self.connect(&valid, &mut rng);
                connections += 1;
            }
        }
        connections
    }

    fn connect(&self, valid: &[Request], rng: &mut Rng) {
        let (names, bytes) = mutated(valid, rng);
        let shown =
            || format!("{names:?}: {}", bytes.escape_ascii().to_string().chars().take(4_000).collect::<String>());
        if rng.u8(..10) == 0 {
            // The client goes away without waiting for the response.
            let _ = wire::connect(self.address).write_all(&bytes);
            return;
        }
        let answer = wire::exchange(self.address, &bytes);
        let answer = answer.unwrap_or_else(|why| panic!("the server keeps a connection open: {why}\n{}", shown()));
        let mut counts = self.statuses.lock().unwrap();
        for status in wire::statuses(&answer) {
            assert!(status < 500 || status == 501, "{status}: {}\n{}", String::from_utf8_lossy(&answer), shown());
            *counts.entry(status).or_default() += 1;
        }
    }
}

/// Returns the bytes of a connection: one or more requests with some mutations, and the names of these.
fn mutated(valid: &[Request], rng: &mut Rng) -> (Vec<&'static str>, Vec<u8>) {
    let (mut names, mut bytes) = (Vec::new(), Vec::new());
    for _ in 0..[1, 1, 1, 2, 5][rng.usize(..5)] {
        let mut request = valid[rng.usize(..valid.len())].clone();
        for _ in 0..rng.usize(..4) {
            let (name, mutate) = OF_REQUESTS[rng.usize(..OF_REQUESTS.len())];
            mutate(&mut request, rng);
            names.push(name);
        }
        bytes.extend(request.bytes());
    }
    // After this request, the server closes the connection, unless the mutations make it wait for more.
    bytes.extend_from_slice(b"GET /_emulator/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    for _ in 0..[0, 0, 1, 2][rng.usize(..4)] {
        let (name, mutate) = OF_BYTES[rng.usize(..OF_BYTES.len())];
        if !bytes.is_empty() {
            mutate(&mut bytes, rng);
            names.push(name);
        }
    }
    (names, bytes)
}

/// Measures the program after each round, while no client is connected. Returns the figures after the first quarter of
/// the attack and all that follow.
fn measure(program: &mut Program, attack: &Attack, lasts: Duration, stalled: usize) -> Vec<Figures> {
    let begun = Instant::now();
    let mut measured = Vec::new();
    while begun.elapsed() < lasts {
        std::thread::sleep(ROUND.min(lasts / 4));
        let mut ids = attack.ids.write().unwrap();
        *ids = program.populate();
        if begun.elapsed() * 4 >= lasts {
            measured.push(idle(program, stalled));
        }
        program.assert_unharmed();
    }
    measured
}

/// Returns the figures once all connections are closed except those that stall.
fn idle(program: &Program, stalled: usize) -> Figures {
    /// The descriptors of a program without connections: the standard streams, the listener, and those of the runtime.
    const OWN: usize = 16;
    let begun = Instant::now();
    loop {
        let figures = program.figures();
        if figures.descriptors <= OWN + stalled {
            return figures;
        }
        assert!(begun.elapsed() < wire::PATIENCE, "{figures:?}: connections stay open after their clients have gone");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Opens connections, sends the beginning of something, and then nothing.
fn stall(attack: &Attack) -> Vec<(Instant, TcpStream, &'static [u8])> {
    const BEGINNINGS: &[&[u8]] = &[
        b"",
        b"GET /v1/workspaces HTTP/1.1\r\nhost: a",
        b"GET /v1/workspaces HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /v1/workspaces HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n{",
        b"POST /_emulator/clock HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"CONNECT api.fabric.microsoft.com:443 HTTP/1.1\r\n\r\n",
    ];
    let open = |beginning: &&'static [u8]| {
        let mut stream = wire::connect(attack.address);
        stream.write_all(beginning).unwrap();
        (Instant::now(), stream, *beginning)
    };
    BEGINNINGS.iter().cycle().take(STALLED).map(open).collect()
}

/// Asserts that the server closes each connection on which nothing happens.
fn assert_closed(stalled: Vec<(Instant, TcpStream, &'static [u8])>) {
    for (opened, mut stream, beginning) in stalled {
        let left = SILENCE.saturating_sub(opened.elapsed()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).unwrap();
        let closed = wire::read_to_end(&mut stream);
        assert!(closed.is_ok(), "the server keeps a silent connection open: {}", beginning.escape_ascii());
    }
}

/// Prints the figures of the attack, and asserts their bounds.
fn report(attack: &Attack, connections: u64, measured: &[Figures]) {
    let statuses = attack.statuses.lock().unwrap();
    let (first, last) = (measured[0], measured[measured.len() - 1]);
    let highest = measured.iter().map(|figures| figures.memory_kib).max().unwrap();
    notice(&format!(
        "attack: {connections} connections; statuses {statuses:?}; memory after the warm-up {} KiB, at the end {} KiB, \
         highest {highest} KiB, may grow by {GROWTH_MAX_KIB} KiB; descriptors {} and {}",
        first.memory_kib, last.memory_kib, first.descriptors, last.descriptors
    ));
    assert!(last.memory_kib <= first.memory_kib + GROWTH_MAX_KIB, "the memory grows");
    assert!(statuses.contains_key(&200) && statuses.contains_key(&400), "the requests are no longer mixed");
}

/// Returns the first bytes of a TLS client.
pub(crate) fn client_hello() -> Vec<u8> {
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = config.unwrap().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = "login.microsoftonline.com".try_into().unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    hello
}
