//! Figures with their budgets, as aligned text.

use comfy_table::{CellAlignment, presets};

/// Rows of what, figure and budget.
pub struct Table {
    title: String,
    rows: comfy_table::Table,
}

impl Table {
    pub fn new(title: &str) -> Self {
        let mut rows = comfy_table::Table::new();
        rows.load_style(presets::NOTHING).set_header(["", "measured", "budget"]);
        for column in [1, 2] {
            if let Some(column) = rows.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self { title: title.to_owned(), rows }
    }

    /// A figure that is only told.
    pub fn told(&mut self, what: &str, figure: String) {
        self.rows.add_row([what, &figure, ""]);
    }

    /// A figure with its upper bound; one that exceeds it is marked.
    pub fn bound(&mut self, what: &str, figure: f64, digits: usize, unit: &str, most: f64) {
        let over = if figure > most { " (over)" } else { "" };
        let (figure, most) =
            (format!("{figure:.digits$} {unit}{over}"), format!("at most {most} {unit}"));
        self.rows.add_row([what, figure.trim_end(), most.trim_end()]);
    }

    pub fn print(&self) {
        println!("{}\n{}\n", self.title, self.rows.to_string().trim_end());
    }
}
