//! A chart as a picture of points. Mail programs show no vector graphics; the same drawing is told
//! to them as PNG, inside the text that carries it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::{Frame, Scale, body, caption};
use crate::plain::PNG_INSIDE;
use crate::signals::report::{Point, Series};

/// Without room for values: there are no letters in the picture, the sentence above it has them.
const STRIP: Frame = Frame {
    width: 560.0,
    height: 84.0,
    left: 2.0,
    right: 558.0,
    top: 8.0,
    bottom: 76.0,
    dates: 0,
    class: "chart",
};
/// Points of the picture for one of the drawing.
const DENSITY: f32 = 2.0;
/// Inks that can be seen on light and on dark grounds: the picture has no ground of its own.
const INKS: &str = ".band{fill:#2b8aab;fill-opacity:.22}.centre{stroke:#8a989e;stroke-dasharray:3 3}\
                    .run{fill:none;stroke:#2b8aab;stroke-width:1.6;stroke-linejoin:round}\
                    .dot{fill:#2b8aab}.fired{fill:#c96a2b}";

/// The chart as an image element whose text says what is drawn; nothing for fewer than two points.
#[must_use]
pub fn picture(series: &Series) -> Markup {
    let png = (series.points.len() > 1).then(|| png(series)).flatten();
    html! {
        @if let Some(png) = png {
            img src=(format!("{PNG_INSIDE}{}", STANDARD.encode(png))) alt=(described(series))
                width=(STRIP.width) height=(STRIP.height)
                style="display:block;width:100%;max-width:560px;height:auto;margin:2px 0 6px";
        }
    }
}

/// "Weekly, in items, 25 May 2026 to 9 November 2026. Shaded: the usual range, 4 to 19."
fn described(series: &Series) -> String {
    let day = |point: Option<&Point>| {
        point.map_or_else(String::new, |p| p.week.monday().format("%-d %B %Y").to_string())
    };
    let (first, last) = (day(series.points.first()), day(series.points.last()));
    format!("Chart, weeks from {first} to {last}. {}", caption(series))
}

fn png(series: &Series) -> Option<Vec<u8>> {
    let Frame { width, height, .. } = STRIP;
    let drawing = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) {
            style { (INKS) }
            (body(series, &Scale::over(series, STRIP)))
        }
    };
    let tree = Tree::from_str(&drawing.into_string(), &Options::default()).ok()?;
    let mut points =
        Pixmap::new((width as f32 * DENSITY) as u32, (height as f32 * DENSITY) as u32)?;
    resvg::render(&tree, Transform::from_scale(DENSITY, DENSITY), &mut points.as_mut());
    points.encode_png().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timestamp, Week};
    use crate::signals::report::{Limits, Unit};

    fn series(values: &[f64]) -> Series {
        let week = Week::of(Timestamp::from_millis(0), chrono_tz::Tz::UTC);
        let points = values.iter().map(|v| Point { week, value: Some(*v) }).collect();
        let mut series = Series::bare(Unit::Items, 1, points);
        series.limits =
            Some(Limits { centre: 4.0, lower: Some(1.0), upper: Some(7.0), provisional: false });
        series.fired = vec![values.len() - 1];
        series
    }

    /// What is seen where: a diamond at the newest point, the band behind, nothing outside.
    #[test]
    fn the_picture_shows_the_band_and_the_diamond() {
        let drawn = png(&series(&[3.0, 5.0, 4.0, 12.0])).unwrap();
        let points = Pixmap::decode_png(&drawn).unwrap();
        assert_eq!((points.width(), points.height()), (1120, 168));
        let ink = |x: f64, y: f64| {
            let c = points.pixel((x * 2.0) as u32, (y * 2.0) as u32).unwrap().demultiply();
            (c.red(), c.green(), c.blue(), c.alpha())
        };
        let scale = Scale::over(&series(&[3.0, 5.0, 4.0, 12.0]), STRIP);
        let (r, g, b, a) = ink(scale.x(3), scale.y(12.0));
        assert!(r > 190 && g < 120 && b < 60 && a > 240, "no diamond: {:?}", (r, g, b, a));
        let (.., band) = ink(scale.x(2) + 20.0, scale.y(6.5));
        assert!(band > 40 && band < 80, "no band: {band}");
        assert_eq!(ink(scale.x(0), scale.y(11.5)).3, 0, "the ground is the reader's");
        assert_eq!(drawn, png(&series(&[3.0, 5.0, 4.0, 12.0])).unwrap(), "the same bytes");
    }

    #[test]
    fn a_picture_says_what_it_shows_and_one_point_is_none() {
        let told = picture(&series(&[3.0, 5.0])).0;
        assert!(
            told.contains("Shaded: the usual range, 1 to 7") && told.contains(PNG_INSIDE),
            "{told}"
        );
        assert_eq!(picture(&series(&[3.0])).0, "");
    }
}
