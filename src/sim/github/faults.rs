//! Ways in which github.com fails, to be met by chosen requests.

use std::time::Duration;

use crate::entropy::Entropy;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 502 with a page in HTML.
    BadGateway,
    /// Status 200 with a page in HTML.
    HtmlWith200,
    /// Status 200 with JSON that ends in the middle.
    MalformedJson,
    /// The connection breaks in the middle of the body.
    TruncatedBody,
    /// Every page says that there is a next page, and names itself as that.
    CursorLoop,
    /// GraphQL: the first element of a list is null, with an entry in `errors`.
    PartialData,
    /// The answer comes late.
    Delay(Duration),
    /// 401, 403, 404 or 410 with the usual message.
    Status(u16),
    /// The secondary limit, with or without `retry-after` in seconds.
    SecondaryLimit(Option<u64>),
    /// The hourly budget is used up.
    PrimaryLimit,
}

/// Which requests meet a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    Any,
    GraphQl,
    Rest,
    /// Paths that begin so.
    Path(String),
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<Rule>,
    random: Option<(f64, Entropy, Vec<Fault>)>,
}

#[derive(Debug)]
struct Rule {
    on: On,
    fault: Fault,
    skip: u32,
    times: u32,
}

impl Faults {
    /// Lets the next `times` matching requests meet `fault`.
    pub fn add(&mut self, on: On, fault: Fault, times: u32) {
        self.add_after(0, on, fault, times);
    }

    /// Like [`Faults::add`], after `skip` matching requests have gone well.
    pub fn add_after(&mut self, skip: u32, on: On, fault: Fault, times: u32) {
        self.rules.push(Rule { on, fault, skip, times });
    }

    /// Lets each request meet one of `faults` with this probability, decided by `seed`.
    pub fn at_random(&mut self, probability: f64, seed: u64, faults: Vec<Fault>) {
        self.random = Some((probability, Entropy::from_seed(seed), faults));
    }

    /// Ends all faults.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn meet(&mut self, path: &str) -> Option<Fault> {
        for rule in self.rules.iter_mut().filter(|rule| rule.on.matches(path)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.times > 0 {
                rule.times -= 1;
                return Some(rule.fault.clone());
            }
        }
        let (probability, entropy, faults) = self.random.as_ref()?;
        if faults.is_empty() || entropy.unit() >= *probability {
            return None;
        }
        let at = entropy.next_u64() % faults.len() as u64;
        faults.get(usize::try_from(at).unwrap_or(0)).cloned()
    }
}

impl On {
    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Any => true,
            Self::GraphQl => path == "/graphql",
            Self::Rest => path != "/graphql",
            Self::Path(start) => path.starts_with(start.as_str()),
        }
    }
}
