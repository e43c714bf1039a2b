//! 辖区: an office, and which offices somebody sees.

use std::collections::BTreeSet;

use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names an office; chosen by staff, for example `jiangzhou-dong`.
    OfficeId
);

/// An office and the one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// Its name in commands and addresses.
    pub id: OfficeId,
    /// What people call it, for example 江州市东区市场监督管理局.
    pub name: String,
    /// The office above it; `None` for the highest.
    pub parent: Option<OfficeId>,
    /// When it was added.
    pub created_at: UnixMs,
}

/// What somebody sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every finding, also those without an office.
    #[default]
    Everything,
    /// Findings of these offices.
    Offices(BTreeSet<OfficeId>),
}

impl Scope {
    /// What a person of `office` sees: it and every office below it. Without an office one sees everything.
    pub fn of(office: Option<&OfficeId>, offices: &[Office]) -> Self {
        let Some(root) = office else { return Self::Everything };
        let mut seen = BTreeSet::from([root.clone()]);
        // Offices are few, and each round adds one floor of the tree; a ring in it ends the rounds like a leaf.
        loop {
            let n_before = seen.len();
            let below = offices.iter().filter(|one| one.parent.as_ref().is_some_and(|up| seen.contains(up)));
            let below: Vec<OfficeId> = below.map(|one| one.id.clone()).collect();
            seen.extend(below);
            if seen.len() == n_before {
                return Self::Offices(seen);
            }
        }
    }

    /// Whether something of `office` is in it.
    pub fn holds(&self, office: Option<&OfficeId>) -> bool {
        match (self, office) {
            (Self::Everything, _) => true,
            (Self::Offices(seen), Some(office)) => seen.contains(office),
            (Self::Offices(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office(id: &str, parent: Option<&str>) -> Office {
        let named = |id| OfficeId::parse(id).unwrap();
        Office { id: named(id), name: id.to_owned(), parent: parent.map(named), created_at: UnixMs(0) }
    }

    #[test]
    fn one_sees_ones_own_office_and_all_below_it() {
        let offices = [
            office("province", None),
            office("city", Some("province")),
            office("east", Some("city")),
            office("west", Some("city")),
            office("other-city", Some("province")),
        ];
        let seen = |id: &str| Scope::of(Some(&OfficeId::parse(id).unwrap()), &offices);
        let holds = |scope: &Scope, id: &str| scope.holds(Some(&OfficeId::parse(id).unwrap()));
        assert!(["city", "east", "west"].iter().all(|id| holds(&seen("city"), id)));
        assert!(!holds(&seen("city"), "province") && !holds(&seen("city"), "other-city"));
        assert!(!holds(&seen("east"), "west") && !seen("east").holds(None));
        assert!(holds(&Scope::of(None, &offices), "east") && Scope::of(None, &offices).holds(None));
        let ring = [office("a", Some("b")), office("b", Some("a"))];
        assert_eq!(
            Scope::of(Some(&OfficeId::parse("a").unwrap()), &ring),
            Scope::Offices(ring.iter().map(|one| one.id.clone()).collect())
        );
    }
}
