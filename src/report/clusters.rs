//! Groups of rows that are alike, in lines.

use super::style::{count, counted};
use super::{Cluster, Report};

/// `21 rows: train.jsonl:201, 202, 204 and 18 more`: the file stands before the first of its rows.
pub(super) fn line(report: &Report, cluster: &Cluster) -> String {
    let mut text = format!("{}: ", counted(cluster.size, "row"));
    let mut source = None;
    for (at, member) in cluster.members.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        if source == Some(member.source) {
            text.push_str(&member.in_its_file());
        } else {
            text.push_str(&report.short_place(*member));
        }
        source = Some(member.source);
    }
    let more = cluster.size - cluster.members.len() as u64;
    if more > 0 {
        text.push_str(&format!(" and {} more", count(more)));
    }
    text
}
