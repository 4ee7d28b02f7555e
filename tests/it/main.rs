//! The emulator from outside: every file is a noun, and speaks through [`lab::Lab`].

mod answers;
mod architecture;
mod connections;
mod control;
mod coverage;
mod definitions;
mod items;
mod lab;
mod laws;
mod mirroring;
mod throttle;
mod walks;
mod workspaces;
