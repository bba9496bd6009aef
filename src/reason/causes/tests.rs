//! Attribution results, and properties that hold for any input.

use proptest::prelude::*;

use super::*;

const TEAM: usize = 0;
const SERVICE: usize = 1;
const PATH: usize = 2;

fn leaf(elements: [u32; 3], pred: f64, real: f64) -> Leaf {
    Leaf { elements: elements.into(), real, pred }
}

/// Three teams of two services each, on two paths, a hundred each and quiet.
fn quiet() -> Vec<Leaf> {
    let places = (0..3).flat_map(|team| (0..2).flat_map(move |service| (0..2).map(move |path| (team, service, path))));
    places.map(|(team, service, path)| leaf([team, team * 2 + service, path], 100.0, 100.0)).collect()
}

fn attributed(leaves: &[Leaf]) -> Attribution {
    causes(leaves, &Parameters::default())
}

fn names(attribution: &Attribution) -> Vec<Elements> {
    attribution.causes.iter().map(|cause| cause.elements.clone()).collect()
}

/// The leaves of an element.
fn of(leaves: &mut [Leaf], dimension: usize, element: u32) -> impl Iterator<Item = &mut Leaf> {
    leaves.iter_mut().filter(move |leaf| leaf.elements[dimension] == element)
}

#[test]
fn what_rose_is_named_and_nothing_else() {
    let mut leaves = quiet();
    of(&mut leaves, SERVICE, 3).for_each(|leaf| leaf.real = 300.0);
    let found_causes = attributed(&leaves);
    assert_eq!(names(&found_causes), [vec![(SERVICE, 3)]]);
    let cause = &found_causes.causes[0];
    assert_eq!((cause.real, cause.pred, cause.share), (600.0, 200.0, 1.0));
    assert_eq!(
        (found_causes.delta, found_causes.explained, found_causes.unexplained, found_causes.is_spread),
        (400.0, 400.0, 0.0, false)
    );
    assert!(cause.leaves.iter().all(|place| leaves[*place].real > 100.0) && cause.leaves.len() == 2);
}

#[test]
fn a_cause_may_be_of_several_dimensions() {
    let mut leaves = quiet();
    leaves[6].real = 500.0;
    assert_eq!(names(&attributed(&leaves)), [vec![(SERVICE, 3), (PATH, 0)]]);
}

#[test]
fn causes_are_found_one_after_the_other_and_the_rest_is_reported() {
    let mut leaves = quiet();
    of(&mut leaves, SERVICE, 0).for_each(|leaf| leaf.real = 400.0);
    of(&mut leaves, SERVICE, 5).for_each(|leaf| leaf.real = 300.0);
    leaves[5].real = 150.0;
    let found_causes = attributed(&leaves);
    assert_eq!(names(&found_causes), [vec![(SERVICE, 0)], vec![(SERVICE, 5)]]);
    assert_eq!((found_causes.explained, found_causes.unexplained), (1000.0, 50.0));
}

#[test]
fn of_names_for_the_same_traffic_the_broadest_is_used_and_the_others_are_reported() {
    let mut leaves = quiet();
    leaves.retain(|leaf| leaf.elements[SERVICE] % 2 == 0);
    of(&mut leaves, TEAM, 1).for_each(|leaf| leaf.real = 900.0);
    let found_causes = attributed(&leaves);
    assert_eq!(names(&found_causes), [vec![(TEAM, 1)]]);
    assert_eq!(found_causes.causes[0].also_matches, [vec![(SERVICE, 2)]], "and not team and service together");
}

#[test]
fn a_sum_that_rose_everywhere_alike_has_no_culprit() {
    let mut leaves = quiet();
    leaves.iter_mut().for_each(|leaf| leaf.real = 150.0);
    of(&mut leaves, TEAM, 0).for_each(|leaf| (leaf.pred, leaf.real) = (10_000.0, 15_000.0));
    let found_causes = attributed(&leaves);
    assert!(found_causes.is_spread && found_causes.causes.is_empty());
    assert_eq!((found_causes.explained, found_causes.unexplained), (0.0, found_causes.delta));
}

#[test]
fn what_everything_has_in_common_is_no_cause() {
    let leaves = [leaf([1, 0, 0], 1.0, 90.0), leaf([1, 1, 0], 5.0, 10.0), leaf([1, 2, 0], 28.0, 28.0)];
    assert_eq!(names(&attributed(&leaves)), [vec![(SERVICE, 0)]], "and not the team, though all of it is in that");
}

#[test]
fn a_rest_that_is_next_to_nothing_does_not_hide_what_nearly_everything_is_of() {
    let mut leaves = quiet();
    leaves.iter_mut().for_each(|leaf| leaf.pred = 1.0);
    of(&mut leaves, SERVICE, 0).for_each(|leaf| (leaf.pred, leaf.real) = (100_000.0, 120_000.0));
    assert_eq!(names(&attributed(&leaves)), [vec![(TEAM, 0)]]);
}

#[test]
fn a_sum_in_which_no_element_rose_enough_has_no_culprit() {
    let leaves: Vec<_> = (0..100).map(|team| leaf([team, team, team], 10.0, 11.0)).collect();
    assert!(attributed(&leaves).is_spread);
}

#[test]
fn where_all_is_new_it_is_named_all_the_same() {
    let leaves: Vec<_> = (0..4).map(|service| leaf([7, service, 1], 0.0, 10.0)).collect();
    let found_causes = attributed(&leaves);
    assert_eq!(names(&found_causes), [vec![(TEAM, 7)]]);
    assert_eq!(found_causes.causes[0].also_matches, [vec![(PATH, 1)]]);
    assert_eq!(names(&attributed(&[leaf([1, 2, 0], 5.0, 10.0)])), [vec![(TEAM, 1)]], "and a leaf that is alone");
}

#[test]
fn what_did_not_rise_has_no_causes() {
    for leaves in [Vec::new(), quiet(), vec![leaf([0; 3], 9.0, 1.0)], vec![leaf([0; 3], f64::NAN, f64::INFINITY)]] {
        let found_causes = attributed(&leaves);
        assert!(
            found_causes.causes.is_empty() && !found_causes.is_spread && found_causes.delta <= 0.0,
            "{found_causes:?}"
        );
        assert_eq!((found_causes.explained, found_causes.unexplained), (0.0, found_causes.delta));
    }
}

#[test]
fn a_cause_is_new_grown_or_moved_from_another_path() {
    let class_of = |leaves: &[Leaf]| class(&attributed(leaves).causes[0], leaves, Some(PATH), None);
    let mut leaves = quiet();
    leaves[6].real = 500.0;
    assert_eq!(class_of(&leaves), Class::Growth);
    leaves[6].pred = 0.0;
    assert_eq!(class_of(&leaves), Class::New);
    leaves[7].pred = 400.0;
    assert_eq!(class_of(&leaves), Class::PathChange { from: 1 });
    leaves[7].pred = 340.0;
    assert_eq!(class_of(&leaves), Class::New, "less than half of it is gone elsewhere");
}

#[test]
fn a_change_of_path_is_reported_by_bytes_where_the_other_path_is_free() {
    let mut bytes = quiet();
    (bytes[6].pred, bytes[6].real, bytes[7].pred, bytes[7].real) = (0.0, 100.0, 100.0, 0.0);
    let dollars: Vec<_> = bytes
        .iter()
        .map(|leaf| if leaf.elements[PATH] == 0 { leaf.clone() } else { Leaf { real: 0.0, pred: 0.0, ..leaf.clone() } })
        .collect();
    let found_causes = attributed(&dollars);
    assert_eq!(class(&found_causes.causes[0], &bytes, Some(PATH), None), Class::PathChange { from: 1 });
}

#[test]
fn dollars_rose_by_their_price_if_the_bytes_alone_make_less_than_half_of_it() {
    let mut leaves = quiet();
    of(&mut leaves, TEAM, 1).for_each(|leaf| leaf.real = 300.0);
    let cause = &attributed(&leaves).causes[0];
    let of_price = |bytes, usd| class(cause, &leaves, None, Some(&Priced { bytes, usd }));
    assert_eq!(of_price([10.0, 10.0], [1.0, 3.0]), Class::Price);
    assert_eq!(of_price([10.0, 30.0], [1.0, 3.0]), Class::Growth);
    assert_eq!(of_price([10.0, 11.0], [1.0, 3.0]), Class::Price);
    assert_eq!(of_price([0.0, 10.0], [0.0, 3.0]), Class::Growth, "without a price before there is none to compare");
}

fn leaves() -> impl Strategy<Value = Vec<Leaf>> {
    let amount = || prop_oneof![Just(0.0), (1_u32..2_000).prop_map(f64::from), 1e3..1e9];
    let leaf = (0_u32..4, 0_u32..6, 0_u32..3, amount(), amount());
    let leaf = leaf.prop_map(|(team, service, path, pred, real)| self::leaf([team, service, path], pred, real));
    proptest::collection::vec(leaf, 0..40)
}

fn by_value(one: &Leaf, other: &Leaf) -> std::cmp::Ordering {
    let elements = one.elements.cmp(&other.elements);
    elements.then(one.real.total_cmp(&other.real)).then(one.pred.total_cmp(&other.pred))
}

proptest! {
    #[test]
    fn the_order_of_leaves_changes_nothing(
        (leaves, turned) in leaves().prop_flat_map(|leaves| {
            let places: Vec<usize> = (0..leaves.len()).collect();
            (Just(leaves), Just(places).prop_shuffle())
        }),
    ) {
        let mut found_causes = attributed(&turned.iter().map(|place| leaves[*place].clone()).collect::<Vec<_>>());
        let mut straight = attributed(&leaves);
        let shown = |of: &Attribution, place: &dyn Fn(usize) -> usize| -> Vec<Vec<Leaf>> {
            of.causes.iter().map(|cause| {
                let mut all: Vec<_> = cause.leaves.iter().map(|at| leaves[place(*at)].clone()).collect();
                all.sort_by(by_value);
                all
            }).collect()
        };
        prop_assert_eq!(shown(&found_causes, &|at| turned[at]), shown(&straight, &|at| at));
        found_causes.causes.iter_mut().chain(&mut straight.causes).for_each(|cause| cause.leaves.clear());
        prop_assert_eq!(found_causes, straight);
    }

    #[test]
    fn the_unit_changes_nothing(leaves in leaves(), power in -20..20) {
        let unit = 2_f64.powi(power);
        let found_causes = attributed(&leaves);
        let scaled: Vec<_> = leaves.iter().map(|leaf| Leaf { real: leaf.real * unit, pred: leaf.pred * unit, ..leaf.clone() }).collect();
        let scaled = attributed(&scaled);
        prop_assert_eq!(names(&found_causes), names(&scaled));
        prop_assert_eq!(found_causes.delta * unit, scaled.delta);
        prop_assert_eq!(found_causes.is_spread, scaled.is_spread);
    }

    #[test]
    fn what_is_explained_and_what_is_not_add_up_and_no_leaf_is_in_two_causes(leaves in leaves()) {
        let found_causes = attributed(&leaves);
        let near = |one: f64, other: f64| (one - other).abs() <= 1e-6 * (1.0 + one.abs().max(other.abs()));
        prop_assert!(near(found_causes.explained + found_causes.unexplained, found_causes.delta));
        prop_assert!(near(found_causes.causes.iter().map(|cause| cause.real - cause.pred).sum(), found_causes.explained));
        let mut places: Vec<_> = found_causes.causes.iter().flat_map(|cause| cause.leaves.clone()).collect();
        let named = places.len();
        places.sort_unstable();
        places.dedup();
        prop_assert_eq!(places.len(), named);
        for cause in &found_causes.causes {
            let sum = |part: fn(&Leaf) -> f64| cause.leaves.iter().map(|place| part(&leaves[*place])).sum();
            prop_assert!(near(sum(|leaf| leaf.real), cause.real) && near(sum(|leaf| leaf.pred), cause.pred));
        }
    }
}
