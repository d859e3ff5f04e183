//! From the types of a table, and of the first one, to what is done to its rows.

use super::cast::{self, Refusal, Scalar};
use super::change::{Change, What};
use super::error::LoadError;
use super::seen::{Fact, Fields, Kind, Seen, Spot};
use super::step::{Key, Step, scalar_of};
use super::types::Type;
use super::ujson::Wash;

/// What to do to the rows of a table, and what that changes.
pub(super) struct Plan {
    pub(super) step: Step,
    pub(super) changes: Vec<Change>,
}

/// How a table's values get into their types.
pub(super) struct Planner {
    /// What happens to floats in columns of their own type, and in those stored as JSON.
    pub(super) reads: Wash,
    pub(super) stores: Wash,
    /// Of a version with mixed types, which also turns columns of objects into text.
    pub(super) typed: bool,
    /// Columns that are not among the types are dropped, rather than refused.
    pub(super) drops: bool,
}

impl Planner {
    /// What turns rows of one type into another.
    ///
    /// # Errors
    ///
    /// If `datasets` refuses to: the types of a later table do not fit those of the first.
    pub(super) fn plan(&self, seen: &Seen, from: &Type, to: &Type) -> Result<Plan, LoadError> {
        let mut work = Work {
            planner: self,
            path: String::new(),
            changes: Vec::new(),
        };
        let step = work.step(seen, from, to)?;
        Ok(Plan {
            step,
            changes: work.changes,
        })
    }
}

struct Work<'p> {
    planner: &'p Planner,
    path: String,
    changes: Vec<Change>,
}

impl Work<'_> {
    fn step(&mut self, seen: &Seen, from: &Type, to: &Type) -> Result<Step, LoadError> {
        if *from == Type::Null {
            return Ok(Step::Keep);
        }
        if let (Some(from), Some(to)) = (scalar_of(from), scalar_of(to)) {
            return self.scalar(seen, from, to);
        }
        match (from, to) {
            (Type::Json, Type::Json) => Ok(self.json(seen)),
            (Type::Json, Type::Text) => {
                self.change(What::WrittenAsJson, any(seen));
                Ok(Step::Encode(self.planner.stores))
            }
            (Type::Json, _) => Err(self.refuse_json(seen, to)),
            (Type::List(from), Type::List(to)) => {
                let Some(item) = &seen.item else {
                    return Ok(Step::Keep);
                };
                let item = self.below("[]", |work| work.step(item, from, to))?;
                Ok(if item.is_keep() {
                    item
                } else {
                    Step::List(Box::new(item))
                })
            }
            (Type::Struct(_), Type::Struct(keys)) => self.keys(seen, from, keys),
            (Type::Struct(_), Type::Text) if self.planner.typed && self.is_column() => {
                self.retyped(seen, from, to);
                let whole = self.step(seen, from, from)?;
                Ok(Step::Print(Box::new(whole)))
            }
            _ => Err(self.refuse(
                seen,
                ("TypeError", format!("Couldn't cast array of type {from} to {to}")),
            )),
        }
    }

    fn scalar(&mut self, seen: &Seen, from: Scalar, to: Scalar) -> Result<Step, LoadError> {
        cast::check(seen, from, to).map_err(|refusal| self.refuse(seen, refusal))?;
        let wash = self.planner.reads;
        let moved = !wash.is_clean() && seen.has(Fact::Moves);
        if moved {
            self.change(What::FloatsRounded, seen.first(Fact::Moves));
        }
        if from != to {
            let (from_name, to_name) = (from.name().to_owned(), to.name().to_owned());
            let what = What::Retyped {
                from: from_name,
                to: to_name,
            };
            self.change(what, any(seen));
            return Ok(Step::Scalar { from, to, wash });
        }
        let changed = match from {
            Scalar::Float => [Fact::Int, Fact::WideInt, Fact::Bool]
                .into_iter()
                .filter_map(|fact| seen.first(fact))
                .min()
                .map(|spot| (What::IntsToFloats, spot)),
            Scalar::Int => {
                (seen.first(Fact::Float).or(seen.first(Fact::NonFinite))).map(|spot| (What::FloatsToInts, spot))
            }
            Scalar::Datetime => seen.first(Fact::Text).map(|spot| (What::TextsToDatetimes, spot)),
            Scalar::Bool | Scalar::Text => None,
        };
        if changed.is_none() && !moved {
            return Ok(Step::Keep);
        }
        if let Some((what, spot)) = changed {
            self.change(what, Some(spot));
        }
        Ok(Step::Scalar { from, to, wash })
    }

    fn json(&mut self, seen: &Seen) -> Step {
        let decoded = seen.first(Fact::JsonText);
        if decoded.is_some() {
            self.change(What::TextsDecoded, decoded);
        }
        let moved = first_below(seen, Fact::Moves);
        if moved.is_some() {
            self.change(What::FloatsRounded, moved);
        }
        // What was not looked into may hold a float.
        let unseen = |seen: &Seen| seen.has(Fact::Deep) || seen.fields.as_ref().is_some_and(|fields| fields.wide);
        if decoded.is_none() && moved.is_none() && !seen.any(&unseen) {
            return Step::Keep;
        }
        Step::Json(self.planner.stores)
    }

    fn keys(&mut self, seen: &Seen, from: &Type, to: &[(Box<str>, Type)]) -> Result<Step, LoadError> {
        let nothing = Fields::default();
        let fields = seen.fields.as_deref().unwrap_or(&nothing);
        for field in fields
            .iter()
            .filter(|field| to.iter().all(|(name, _)| *name != field.name))
        {
            if !self.planner.drops || !self.path.is_empty() {
                return Err(self.new_key(from, to, field.first));
            }
            self.below(&field.name, |work| work.change(What::KeyDropped, Some(field.first)));
        }
        let mut keys = Vec::with_capacity(to.len());
        let (mut added, mut gap) = (Vec::new(), None);
        for (name, to) in to {
            let known = fields.get(name).zip(from.field(name));
            let missing = known.map_or(fields.first(), |(field, _)| field.gap);
            if let Some(spot) = missing {
                added.push(name.clone());
                gap = Some(gap.map_or(spot, |gap: Spot| gap.min(spot)));
            }
            let step = match known {
                Some((field, from)) => self.below(name, |work| work.step(&field.seen, from, to))?,
                None => Step::Keep,
            };
            keys.push(Key {
                name: name.clone(),
                step,
            });
        }
        let in_order = fields
            .iter()
            .map(|field| &field.name)
            .eq(to.iter().map(|(name, _)| name));
        if !added.is_empty() {
            self.change(What::KeysAdded(added), gap);
        } else if fields.odd.is_some() || !in_order {
            self.change(What::KeysReordered, fields.odd.or(fields.first()));
        } else if keys.iter().all(|key| key.step.is_keep()) {
            return Ok(Step::Keep);
        }
        Ok(Step::Struct(keys))
    }

    fn new_key(&self, from: &Type, to: &[(Box<str>, Type)], at: Spot) -> LoadError {
        let to = Type::Struct(to.to_vec());
        if !self.path.is_empty() {
            let message = format!("Couldn't cast array of type {from} to {to}");
            return LoadError::generation("TypeError", message, &self.path, Some(at.place));
        }
        LoadError::Raises {
            class: if self.planner.typed {
                "DatasetGenerationError"
            } else {
                "DatasetGenerationCastError"
            },
            cause: if self.planner.typed {
                "CastError"
            } else {
                "DatasetGenerationCastError"
            },
            message: format!("Couldn't cast {from} to {to} because column names don't match"),
            path: String::new(),
            place: Some(at.place),
        }
    }

    /// Of what is now JSON text, but has no place where the first table has something else.
    fn refuse_json(&self, seen: &Seen, to: &Type) -> LoadError {
        let place = any(seen).map(|spot| spot.place);
        let Some(scalar) = scalar_of(to) else {
            let message = format!("Couldn't cast array of type string to {to}");
            return LoadError::generation("TypeError", message, &self.path, place);
        };
        let only_texts_and_numbers = seen
            .kinds()
            .iter()
            .all(|(kind, _)| matches!(kind, Kind::Text | Kind::Number));
        let unparsed = match scalar {
            Scalar::Int => seen.has(Fact::NoInt) || seen.has(Fact::Float),
            Scalar::Float => seen.has(Fact::NoNumber),
            _ => true,
        };
        if only_texts_and_numbers && !unparsed {
            return LoadError::unknown("texts and numbers where the first table has numbers", &self.path, place);
        }
        let message = format!("Failed to parse string as a scalar of type {}", scalar.name());
        LoadError::generation("ArrowInvalid", message, &self.path, place)
    }

    fn refuse(&self, seen: &Seen, (cause, message): Refusal) -> LoadError {
        LoadError::generation(cause, message, &self.path, any(seen).map(|spot| spot.place))
    }

    fn retyped(&mut self, seen: &Seen, from: &Type, to: &Type) {
        let (from, to) = (from.to_string(), to.to_string());
        self.change(What::Retyped { from, to }, any(seen));
    }

    fn change(&mut self, what: What, spot: Option<Spot>) {
        self.changes.push(Change {
            path: self.path.clone(),
            what,
            place: spot.map(|spot| spot.place),
        });
    }

    fn below<T>(&mut self, name: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(name);
        let out = run(self);
        self.path.truncate(length);
        out
    }

    fn is_column(&self) -> bool {
        self.path.rfind('/') == Some(0)
    }
}

/// The first value that is not null.
fn any(seen: &Seen) -> Option<Spot> {
    seen.kinds().first().map(|(_, spot)| *spot)
}

/// The first time a fact was met at a path or below.
fn first_below(seen: &Seen, fact: Fact) -> Option<Spot> {
    let item = seen.item.as_ref().and_then(|item| first_below(item, fact));
    let fields = seen.fields.as_ref().map(|fields| fields.iter());
    let keys = fields
        .into_iter()
        .flatten()
        .filter_map(|field| first_below(&field.seen, fact));
    keys.chain(item).chain(seen.first(fact)).min()
}
