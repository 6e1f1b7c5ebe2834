//! The two special functions that the tests need.

use std::f64::consts::PI;

/// ln Γ(x) for x > 0: Lanczos' approximation with g = 7 and nine coefficients.
pub(super) fn ln_gamma(x: f64) -> f64 {
    const C: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let t = x + 7.5;
    let sum = C.iter().enumerate().skip(1).fold(C[0], |sum, (i, c)| sum + c / (x + i as f64));
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The complementary error function for x >= 0: the series of erf below 2 and Lentz's continued
/// fraction from there (Abramowitz and Stegun 7.1.6 and 7.1.14).
pub(super) fn erfc(x: f64) -> f64 {
    let scale = (-x * x).exp();
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return 1.0 - 2.0 / PI.sqrt() * scale * sum;
    }
    let mut fraction = x;
    for n in (1..=120).rev() {
        fraction = x + f64::from(n) / 2.0 / fraction;
    }
    scale / (PI.sqrt() * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun, table 7.1, and 170! = 7.257415615307994e306.
    #[test]
    fn tabulated_values() {
        for (x, value) in
            [(0.0, 1.0), (0.5, 0.479_500_122_2), (1.0, 0.157_299_207_1), (2.0, 0.004_677_735_0)]
        {
            assert!((erfc(x) - value).abs() < 1e-10, "{x}");
        }
        assert!((erfc(3.0) - 2.209_049_699_858_544e-5).abs() < 1e-17);
        assert!((ln_gamma(171.0) - 7.257_415_615_307_994e306_f64.ln()).abs() < 1e-9);
        assert!(ln_gamma(2.0).abs() < 1e-13);
    }
}
