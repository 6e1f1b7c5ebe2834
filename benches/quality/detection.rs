//! Who tells what was planted, and when.

use streamgauge::signals::report::Move;

use super::calendar::DIGESTS;
use super::disturbance::Disturbance;
use super::intervals::median;
use super::organisation::{Nature, Organisation};
use super::{PLANTED, Three};

/// Signal, slice and direction.
type Wanted = (&'static str, String, Move);

/// What ought to be told of each organisation: it depends on which stream, and which pair.
fn wanted(planted: Disturbance, count: usize) -> Vec<Vec<Wanted>> {
    let of = |seed| Organisation::new(seed, Nature::QUIET, Some(planted)).effects.expected();
    (PLANTED..PLANTED + count as u64).map(of).collect()
}

/// The part of the organisations that were told what was wanted, and the median of the weeks.
struct Share {
    percent: f64,
    weeks: Option<usize>,
}

fn share(all: &[Three], wanted: &[Vec<Wanted>], way: usize, confirmed: bool) -> Share {
    let first = all.iter().zip(wanted).filter_map(|(three, w)| three[way].first(w, confirmed));
    let weeks: Vec<usize> = first.collect();
    Share { percent: 100.0 * weeks.len() as f64 / all.len() as f64, weeks: median(weeks) }
}

/// How often something that was named beforehand is told, and how often the same is told where
/// nothing happened.
pub fn table(rows: &[(Disturbance, Vec<Three>)], calm: &[Three]) {
    let count = calm.len();
    println!("\n## Detection within {DIGESTS} weeks, {count} organisations a row\n");
    println!(
        "| planted | size | Streamgauge | weeks | anyway | with new ones | a fifth in a week | weeks | \
         anyway | three deviations | weeks | anyway |"
    );
    println!("|---|---|{}", "---:|".repeat(10));
    let told = |share: &Share| format!("{:.0} %", share.percent);
    let weeks = |share: &Share| share.weeks.map_or("–".to_owned(), |weeks| weeks.to_string());
    for (planted, watched) in rows {
        let (what, sizes) = planted.kind.told();
        let wanted = wanted(*planted, count);
        let mut cells = Vec::new();
        for way in 0..3 {
            let own = share(watched, &wanted, way, true);
            cells.extend([told(&own), weeks(&own), told(&share(calm, &wanted, way, true))]);
            if way == 0 {
                cells.push(told(&share(watched, &wanted, 0, false)));
            }
        }
        println!("| {what} | {} | {} |", sizes[planted.size], cells.join(" | "));
    }
}

/// The same for each signal alone: told, median weeks, told anyway.
pub fn by_signal(rows: &[(Disturbance, Vec<Three>)], calm: &[Three]) {
    let count = calm.len();
    println!("\n## By signal, {count} organisations a row\n");
    println!("| planted | size | signal: confirmed, median weeks (told anyway) |");
    println!("|---|---|---|");
    for (planted, watched) in rows {
        let (what, sizes) = planted.kind.told();
        let wanted = wanted(*planted, count);
        let cell = |place: usize| {
            let one: Vec<Vec<Wanted>> = wanted.iter().map(|w| vec![w[place].clone()]).collect();
            let (own, anyway) = (share(watched, &one, 0, true), share(calm, &one, 0, true));
            let weeks = own.weeks.map_or(String::new(), |weeks| format!(", {weeks} weeks"));
            // P1 and P2 are wanted of two streams.
            let way = if one[0][0].2 == Move::Up { "up" } else { "down" };
            let (signal, told) = (one[0][0].0, own.percent);
            format!("{signal} {way} {told:.0} %{weeks} ({:.0} %)", anyway.percent)
        };
        let cells: Vec<String> = (0..wanted[0].len()).map(cell).collect();
        println!("| {what} | {} | {} |", sizes[planted.size], cells.join("; "));
    }
}
