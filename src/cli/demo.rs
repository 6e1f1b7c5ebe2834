//! `streamgauge demo`: the whole product on an invented organisation.

use clap::Args as ClapArgs;

use super::{Done, Outcome};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(_args: Args) -> Outcome {
    Ok(Done::Complete)
}
