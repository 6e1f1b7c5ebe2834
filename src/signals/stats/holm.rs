//! Holm's step-down procedure for several tests at once.

/// Which of the p values are rejected at the family-wise level `alpha`, in the order given.
///
/// Sorted ascending, `p_(i)` is rejected while `p_(i) * (m - i + 1) <= alpha` (Holm 1979).
#[must_use]
pub fn holm(p: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]).then(a.cmp(b)));
    let mut rejected = vec![false; p.len()];
    for (step, ix) in order.into_iter().enumerate() {
        if p[ix] * (p.len() - step) as f64 > alpha {
            break;
        }
        rejected[ix] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_down() {
        assert_eq!(holm(&[0.0016, 0.03, 0.2], 0.05), [true, false, false]);
        assert_eq!(holm(&[0.2, 0.0016, 0.02], 0.05), [false, true, true]);
    }
}
