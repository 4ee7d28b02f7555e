//! Continuation tokens: any text is rejected or read without a panic, and a token is read back as its position.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use specularite::fabric::page::{PageRequest, Position, is_encoded, position, token};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    text: &'a str,
    position: Position,
    size: u8,
    /// The distances between the elements of a list.
    distances: Vec<u8>,
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    for at in position(input.text).into_iter().chain([input.position]) {
        let token = token(at);
        assert!(is_encoded(&token), "{token}");
        let decoded = percent_encoding::percent_decode_str(&token).decode_utf8().expect("a token is ASCII");
        assert_eq!(position(&decoded), Ok(at));
    }
    read_pages(input.size, &input.distances);
});

/// Reads a list page by page. Each element must be read once, in order.
fn read_pages(size: u8, distances: &[u8]) {
    let mut last = 0;
    let after = |distance: &u8| {
        last += Position::from(*distance) + 1;
        last
    };
    let list: Vec<Position> = distances.iter().map(after).collect();
    let (mut after, mut read) = (None, Vec::new());
    loop {
        let rest = list.iter().copied().filter(|at| after.is_none_or(|after| *at > after));
        let page = PageRequest { after, size: u32::from(size) + 1 }.cut(rest.map(|at| (at, at)));
        read.extend(page.elements);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(read, list);
}
