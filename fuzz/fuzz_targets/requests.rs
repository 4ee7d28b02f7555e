//! Any requests to any service. None may cause a panic or a status 5xx except 501, and the state must replay.

#![no_main]

use specularite_fuzz::lab;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let lab = lab();
    lab.reset();
    lab.play(input, "");
    if lab.has_changed() {
        assert!(lab.emulator.tenants().iter().all(|tenant| tenant.replays()));
    }
});
