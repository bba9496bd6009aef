//! Interfaces sorted by their id while what is known of them is put together.

use std::sync::Arc;

use super::super::tables::Tables;
use super::Eni;
use crate::group::NAMELESS;

/// Interfaces by their id, in one piece: a tree of a million has them twice while it is made.
pub(super) struct ById(pub(super) Vec<Eni>);

impl ById {
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Eni> {
        place_of(&self.0, id).ok().map(|place| &mut self.0[place])
    }

    pub(super) fn get_or_insert(&mut self, id: &Arc<str>) -> &mut Eni {
        let place = place_of(&self.0, id).unwrap_or_else(|place| {
            self.0.insert(place, Eni { id: Arc::clone(id), ..Eni::default() });
            place
        });
        &mut self.0[place]
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Eni> {
        place_of(&self.0, id).ok().map(|place| self.0.remove(place))
    }
}

pub(super) fn place_of(interfaces: &[Eni], id: &str) -> Result<usize, usize> {
    interfaces.binary_search_by(|own| (*own.id).cmp(id))
}

/// Attributes records without an interface to the only regional NAT gateway of their VPC in the inventory; returns the
/// placeholder ids and the gateways' ids.
pub(super) fn name_gateways(owns: &mut ById, tables: &Tables) -> Vec<(Arc<str>, Arc<str>)> {
    let nameless: Vec<Arc<str>> =
        owns.0.iter().map(|own| &own.id).filter(|id| id.starts_with(NAMELESS)).cloned().collect();
    let mut aliases = Vec::new();
    for id in nameless {
        let Some(vpc) = owns.get_mut(&id).and_then(|own| own.names.vpc.clone()) else { continue };
        let mut here = tables.nat_gateways.iter().filter(|nat| nat.regional && nat.vpc.as_ref() == Some(&vpc));
        let (Some(only), None) = (here.next(), here.next()) else { continue };
        let Some(seen) = owns.remove(&id) else { continue };
        if let Some(own) = owns.get_mut(&only.id).filter(|own| own.logged.is_none()) {
            (own.logged, own.gaps) = (seen.logged, seen.gaps);
            let names = Arc::make_mut(&mut own.names);
            names.account = names.account.take().or_else(|| seen.names.account.clone());
            names.region = names.region.take().or_else(|| seen.names.region.clone());
            aliases.push((id, Arc::clone(&only.id)));
        } else {
            *owns.get_or_insert(&id) = seen;
        }
    }
    aliases
}
