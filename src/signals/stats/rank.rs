//! Percentiles by nearest rank (the inverse of the empirical distribution function).

/// The `percent`-th percentile of values sorted ascending: an observed value, or `None` of none.
///
/// The rank is `ceil(percent * n / 100)`, computed in integers: in floating point
/// `ceil(0.07 * 100)` is 8.
#[must_use]
pub fn nearest_rank<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (percent * sorted.len()).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R7: the worked example of Wikipedia's "Percentile".
    #[test]
    fn published_ranks() {
        let values = [15, 20, 35, 40, 50];
        let at = |p| nearest_rank(&values, p).unwrap();
        assert_eq!([at(5), at(30), at(40), at(50), at(100)], [15, 20, 20, 35, 50]);
        assert_eq!(nearest_rank::<i32>(&[], 50), None);
    }

    #[test]
    fn ranks_are_integers() {
        let values: Vec<usize> = (1..=100).collect();
        assert_eq!(nearest_rank(&values, 7), Some(7));
    }
}
