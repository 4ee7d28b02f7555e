//! Control requests with any bodies. The clock goes back only on a reset, and the state must replay.

#![no_main]

use specularite_fuzz::lab;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let lab = lab();
    lab.reset();
    let tenant = lab.tenant();
    let before = tenant.clock().now();
    lab.play(input, "/_emulator");
    let is_reset = input.windows(6).any(|word| word == b"/reset");
    assert!(is_reset || tenant.clock().now() >= before, "the clock went back");
    if !lab.has_changed() {
        return;
    }
    assert!(lab.emulator.tenants().iter().all(|tenant| tenant.replays()));
    // Settings as they are read can be written.
    let mut settings = lab.send("GET", "/_emulator/settings", &[], b"").expect("a valid request").body;
    settings.as_object_mut().expect("settings are an object").remove("answers");
    let written = lab.send("PATCH", "/_emulator/settings", &[], settings.to_string().as_bytes());
    let written = written.expect("a valid request");
    assert_eq!((written.status.as_u16(), &written.body), (200, &settings), "{settings}");
});
