//! People at work on a Data Center: any edit to any issue, by seed.

use super::*;

/// An endless sequence of edits.
pub struct Edits {
    random: Entropy,
    pub live: Vec<u64>,
    pub deleted: Vec<u64>,
}

impl Edits {
    pub fn new(seed: u64, live: Vec<u64>) -> Self {
        Self { random: Entropy::from_seed(seed), live, deleted: Vec::new() }
    }

    fn below(&self, n: usize) -> usize {
        usize::try_from(self.random.next_u64() % n as u64).unwrap()
    }

    fn any(&self) -> u64 {
        self.live[self.below(self.live.len())]
    }

    /// Makes the next edit.
    pub fn step(&mut self, site: &mut Site) {
        let id = self.any();
        let edit = match self.below(14) {
            0 => {
                let project = [PAY, BOOK][self.below(2)];
                let summary = format!("New {}", self.live.len());
                let draft =
                    Draft { project, kind: STORY, status: TO_DO, summary, ..Draft::default() };
                self.live.push(site.create_issue(draft).unwrap());
                return;
            }
            1 => {
                let to = if site.issue(id).unwrap().project == PAY { BOOK } else { PAY };
                // The other workflow may set the status without a word.
                let status = [None, Some(DONE)][self.below(2)];
                site.move_to_project(id, to, status).unwrap();
                return;
            }
            2 => {
                let other = self.any();
                if other != id {
                    site.link(id, BLOCKS, other).unwrap();
                }
                return;
            }
            3 => {
                let link = site.issue(id).unwrap().links.first().map(|link| link.id);
                if let Some(link) = link {
                    site.unlink(link).unwrap();
                }
                return;
            }
            4 => {
                let many: Vec<u64> = (0..self.below(40)).map(|_| self.any()).collect();
                let label = format!("sweep-{}", self.below(9));
                site.bulk_edit(&many, &Edit::Labels(vec![label])).unwrap();
                return;
            }
            5 => Edit::Labels((0..self.below(3)).map(|n| format!("label-{n}")).collect()),
            6 if site.issue(id).unwrap().project == PAY => {
                Edit::Components((1..=self.below(3) as u64).collect())
            }
            7 => Edit::Flagged(!site.issue(id).unwrap().flagged),
            8 => Edit::Team([None, Some("7"), Some("8")][self.below(3)].map(str::to_owned)),
            9 => Edit::Summary(format!("Renamed {}", self.below(1_000))),
            10 => Edit::Resolution([None, Some(10_000)][self.below(2)]),
            11 => {
                let epic = self.live[self.below(self.live.len().min(8))];
                let of_epic = site.issue(epic).unwrap().kind == EPIC;
                let own = site.issue(id).unwrap().kind == STORY;
                if !(of_epic && own) {
                    return;
                }
                Edit::Parent([None, Some(epic)][self.below(2)])
            }
            12 if site.issue(id).unwrap().project == PAY => {
                Edit::FixVersions([vec![], vec![7]][self.below(2)].clone())
            }
            _ => Edit::Status([TO_DO, DOING, DONE][self.below(3)]),
        };
        site.edit(id, &edit).unwrap();
    }

    /// Deletes an issue that is no epic.
    pub fn delete(&mut self, site: &mut Site) {
        let at = 8 + self.below(self.live.len() - 8);
        let id = self.live.swap_remove(at);
        site.delete_issue(id).unwrap();
        self.deleted.push(id);
    }

    pub fn is_lucky(&self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}
