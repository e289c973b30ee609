//! The `scimrig` program: reads the command line, runs one command, ends with its exit code.

mod command;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Small pieces of JSON come and go: a quarter of a load's processor time would be the system's
/// allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    command::main()
}
