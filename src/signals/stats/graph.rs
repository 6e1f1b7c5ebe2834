//! Directed graphs over small integers: strongly connected components and betweenness.

use std::collections::VecDeque;

/// Adjacency lists: `graph[a]` holds every b with an edge a -> b, sorted, without repeats.
pub type Graph = Vec<Vec<usize>>;

/// Builds adjacency lists over `n` nodes. Self-links and repeats are dropped.
#[must_use]
pub fn graph(n: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Graph {
    let mut graph = vec![Vec::new(); n];
    for (a, b) in edges.into_iter().filter(|(a, b)| a != b) {
        graph[a].push(b);
    }
    for out in &mut graph {
        out.sort_unstable();
        out.dedup();
    }
    graph
}

/// The strongly connected components of at least two nodes, each sorted, in order of their
/// smallest node.
///
/// Tarjan (1972), with an explicit stack: chains of links may be long.
#[must_use]
pub fn knots(graph: &Graph) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut index = vec![UNSEEN; graph.len()];
    let mut low = vec![0; graph.len()];
    let mut on_path = vec![false; graph.len()];
    let (mut path, mut found, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..graph.len() {
        if index[root] != UNSEEN {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                index[node] = next;
                low[node] = next;
                next += 1;
                path.push(node);
                on_path[node] = true;
            } else {
                low[node] = low[node].min(low[graph[node][edge - 1]]);
            }
            let mut edge = edge;
            let mut descend = None;
            while let Some(&to) = graph[node].get(edge) {
                edge += 1;
                if index[to] == UNSEEN {
                    descend = Some(to);
                    break;
                }
                if on_path[to] {
                    low[node] = low[node].min(index[to]);
                }
            }
            if let Some(to) = descend {
                calls.push((node, edge));
                calls.push((to, 0));
            } else if low[node] == index[node] {
                let start = path.iter().rposition(|n| *n == node).unwrap_or(0);
                let mut component = path.split_off(start);
                for n in &component {
                    on_path[*n] = false;
                }
                if component.len() > 1 {
                    component.sort_unstable();
                    found.push(component);
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// The share of shortest paths between other nodes that run through each node, divided by
/// `(n - 1)(n - 2)`; zeros below three nodes.
///
/// Brandes (2001), directed and unweighted.
#[must_use]
pub fn betweenness(graph: &Graph) -> Vec<f64> {
    let n = graph.len();
    let mut between = vec![0.0; n];
    if n < 3 {
        return between;
    }
    for source in 0..n {
        let mut paths = vec![0.0; n];
        let mut distance = vec![usize::MAX; n];
        let mut before = vec![Vec::new(); n];
        let mut order = Vec::new();
        let mut queue = VecDeque::from([source]);
        paths[source] = 1.0;
        distance[source] = 0;
        while let Some(node) = queue.pop_front() {
            order.push(node);
            for &to in &graph[node] {
                if distance[to] == usize::MAX {
                    distance[to] = distance[node] + 1;
                    queue.push_back(to);
                }
                if distance[to] == distance[node] + 1 {
                    paths[to] += paths[node];
                    before[to].push(node);
                }
            }
        }
        let mut dependency = vec![0.0; n];
        for &node in order.iter().rev() {
            for &by in &before[node] {
                dependency[by] += paths[by] / paths[node] * (1.0 + dependency[node]);
            }
            if node != source {
                between[node] += dependency[node];
            }
        }
    }
    let pairs = ((n - 1) * (n - 2)) as f64;
    between.iter().map(|b| b / pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// R15: networkx's own expectations for a path of three and the Krackhardt kite.
    #[test]
    fn published_betweenness() {
        assert_eq!(betweenness(&graph(3, [(0, 1), (1, 2)])), [0.0, 0.5, 0.0]);
        let kite = [
            (0, 1),
            (0, 2),
            (0, 3),
            (0, 5),
            (1, 3),
            (1, 4),
            (1, 6),
            (2, 3),
            (2, 5),
            (3, 4),
            (3, 5),
            (3, 6),
            (4, 6),
            (5, 6),
            (5, 7),
            (6, 7),
            (7, 8),
            (8, 9),
        ];
        let both = kite.iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
        let text: Vec<String> =
            betweenness(&graph(10, both)).iter().map(|b| format!("{b:.3}")).collect();
        assert_eq!(text.join(" "), "0.023 0.023 0.000 0.102 0.000 0.231 0.231 0.389 0.222 0.000");
    }

    #[test]
    fn knots_are_components_of_two_or_more() {
        let links = graph(5, [(0, 1), (1, 2), (2, 0), (3, 0), (4, 4)]);
        assert_eq!(knots(&links), [vec![0, 1, 2]]);
    }

    proptest! {
        /// Two nodes share a knot exactly when each reaches the other.
        #[test]
        fn knots_are_mutual_reach(edges in prop::collection::vec((0usize..7, 0usize..7), 0..18)) {
            let links = graph(7, edges);
            let mut reach = [[false; 7]; 7];
            for (a, row) in reach.iter_mut().enumerate() {
                let mut queue = vec![a];
                while let Some(node) = queue.pop() {
                    for &to in &links[node] {
                        if !row[to] {
                            row[to] = true;
                            queue.push(to);
                        }
                    }
                }
            }
            let found = knots(&links);
            for (a, row) in reach.iter().enumerate() {
                for (b, back) in reach.iter().enumerate().take(a) {
                    let together = found.iter().any(|k| k.contains(&a) && k.contains(&b));
                    prop_assert_eq!(together, row[b] && back[a]);
                }
            }
        }
    }
}
