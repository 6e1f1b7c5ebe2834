//! One table: a row for each figure, a column for each store, and the budget.

use comfy_table::{CellAlignment, Table, presets};

#[derive(Default)]
pub struct Figures {
    stores: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    cells: Vec<String>,
    budget: String,
}

impl Figures {
    /// What follows is about this store.
    pub fn begin(&mut self, store: &'static str) {
        self.stores.push(store);
    }

    /// A figure that is only told.
    pub fn told(&mut self, what: &str, figure: String) {
        self.put(what, figure, String::new());
    }

    /// A figure with its budget; one that is not kept is marked.
    pub fn judged(&mut self, what: &str, figure: String, kept: bool, budget: &str) {
        let mark = if kept { "" } else { " (over)" };
        self.put(what, figure + mark, budget.to_owned());
    }

    fn put(&mut self, what: &str, figure: String, budget: String) {
        eprintln!("  {what}: {figure}");
        let column = self.stores.len() - 1;
        let row = match self.rows.iter_mut().find(|row| row.what == what) {
            Some(row) => row,
            None => {
                self.rows.push(Row { what: what.to_owned(), cells: Vec::new(), budget });
                self.rows.last_mut().unwrap()
            }
        };
        row.cells.resize(column, String::new());
        row.cells.push(figure);
    }

    pub fn print(&self) {
        let mut table = Table::new();
        let header = [""].into_iter().chain(self.stores.iter().copied()).chain(["budget"]);
        table.load_style(presets::ASCII_MARKDOWN).set_header(header);
        for column in 1..=self.stores.len() + 1 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for row in &self.rows {
            let mut cells = row.cells.clone();
            cells.resize(self.stores.len(), String::new());
            let ends = [vec![row.what.clone()], cells, vec![row.budget.clone()]];
            table.add_row(ends.concat());
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        println!("\nThe front door under load, {threads} threads, sender and trackers included\n");
        println!("{table}");
    }
}
