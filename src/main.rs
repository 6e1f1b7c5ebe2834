//! The `streamgauge` program.

fn main() -> std::process::ExitCode {
    streamgauge::cli::run()
}
