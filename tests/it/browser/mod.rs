//! The pages in a real browser: Debian's Chromium, driven by its ChromeDriver, with the rules of
//! axe-core. `SCREENSHOTS=folder` keeps a picture of every page that is looked at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod doors;
mod driver;
mod every_page;
