//! Python's containers as the engine holds them: what a row is made of, and what methods give.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{DynObject, Enumerator, Object, ObjectExt as _, ObjectRepr, Tuple};
use minijinja::{Error, State, Value};

use super::{methods, missed};

/// A dict. Keys are in the order they were set; rows have few, so they are looked for one by one.
#[derive(Debug, Default)]
pub(in crate::encode::template) struct Dict {
    entries: Vec<(Value, Value)>,
}

impl Dict {
    /// Entries whose keys are known to differ.
    pub(in crate::encode::template) fn from_unique(entries: Vec<(Value, Value)>) -> Self {
        Self { entries }
    }

    pub(in crate::encode::template) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(in crate::encode::template) fn get(&self, key: &Value) -> Option<&Value> {
        match key.as_str() {
            Some(name) => self.get_str(name),
            None => self
                .entries
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value),
        }
    }

    pub(in crate::encode::template) fn get_str(&self, key: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find(|(known, _)| known.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// Sets a key: one that was there keeps its place.
    pub(in crate::encode::template) fn insert(&mut self, key: Value, value: Value) {
        match self.entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, slot)) => *slot = value,
            None => self.entries.push((key, value)),
        }
    }

    pub(in crate::encode::template) fn entries(&self) -> &[(Value, Value)] {
        &self.entries
    }

    pub(in crate::encode::template) fn keys(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().map(|(key, _)| key)
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some(name) => self.get_value_by_str(name),
            None => self.get(key).cloned(),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let found = self.get_str(key).cloned();
        if found.is_none() {
            missed::attribute("dict", key);
        }
        found
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_key_value_enumerator(|dict| Box::new(dict.entries.iter().cloned()))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// A generator, or another iterator: it is run through once, and is true even when empty.
///
/// Its items are made beforehand. What that raised is raised when somebody asks for them.
#[derive(Debug)]
pub(in crate::encode::template) struct Generator {
    items: Mutex<Result<Vec<Value>, Error>>,
    type_name: &'static str,
}

impl Generator {
    pub(in crate::encode::template) fn value(items: Result<Vec<Value>, Error>) -> Value {
        Self::named("generator", items)
    }

    pub(in crate::encode::template) fn named(type_name: &'static str, items: Result<Vec<Value>, Error>) -> Value {
        Value::from_object(Self {
            items: Mutex::new(items),
            type_name,
        })
    }

    pub(in crate::encode::template) fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// What is left of it.
    pub(in crate::encode::template) fn drain(&self) -> Result<Vec<Value>, Error> {
        std::mem::replace(
            &mut *self.items.lock().unwrap_or_else(PoisonError::into_inner),
            Ok(Vec::new()),
        )
    }

    /// `next()`.
    pub(in crate::encode::template) fn next(&self) -> Result<Option<Value>, Error> {
        let mut left = self.drain()?.into_iter();
        let item = left.next();
        *self.items.lock().unwrap_or_else(PoisonError::into_inner) = Ok(left.collect());
        Ok(item)
    }
}

impl Object for Generator {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.drain().unwrap_or_else(|error| vec![Value::from(error)]))
    }

    /// Unknown: asking must not use it up.
    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        None
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    /// It is equal to itself only.
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast::<Self>()?;
        Some(Arc::as_ptr(self).cmp(&Arc::as_ptr(&other)))
    }

    /// It has no subscripts, which must not use it up either.
    fn get_value(self: &Arc<Self>, _key: &Value) -> Option<Value> {
        Some(Value::UNDEFINED)
    }
}

/// What `keys()`, `values()` and `items()` of a dict give.
#[derive(Debug)]
pub(in crate::encode::template) struct View {
    dict: Arc<Dict>,
    what: Viewed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::encode::template) enum Viewed {
    Keys,
    Values,
    Items,
}

impl View {
    pub(in crate::encode::template) fn value(dict: Arc<Dict>, what: Viewed) -> Value {
        Value::from_object(Self { dict, what })
    }

    pub(in crate::encode::template) fn type_name(&self) -> &'static str {
        match self.what {
            Viewed::Keys => "dict_keys",
            Viewed::Values => "dict_values",
            Viewed::Items => "dict_items",
        }
    }

    pub(in crate::encode::template) fn len(&self) -> usize {
        self.dict.len()
    }

    pub(in crate::encode::template) fn items(&self) -> Vec<Value> {
        let entries = self.dict.entries().iter();
        match self.what {
            Viewed::Keys => entries.map(|(key, _)| key.clone()).collect(),
            Viewed::Values => entries.map(|(_, value)| value.clone()).collect(),
            Viewed::Items => entries.map(|(key, value)| pair(key.clone(), value.clone())).collect(),
        }
    }
}

impl Object for View {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.items())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.len())
    }

    /// A view has no subscripts.
    fn get_value(self: &Arc<Self>, _key: &Value) -> Option<Value> {
        Some(Value::UNDEFINED)
    }
}

/// `range(start, stop, step)`.
#[derive(Debug)]
pub(in crate::encode::template) struct Range {
    pub(in crate::encode::template) start: i64,
    pub(in crate::encode::template) stop: i64,
    pub(in crate::encode::template) step: i64,
    len: usize,
}

impl Range {
    /// `None` for a step of zero.
    pub(in crate::encode::template) fn new(start: i64, stop: i64, step: i64) -> Option<Self> {
        let (distance, stride) = match step {
            0 => return None,
            1.. => (i128::from(stop) - i128::from(start), i128::from(step)),
            _ => (i128::from(start) - i128::from(stop), -i128::from(step)),
        };
        let len = if distance <= 0 {
            0
        } else {
            (distance + stride - 1) / stride
        };
        Some(Self {
            start,
            stop,
            step,
            len: usize::try_from(len).unwrap_or(usize::MAX),
        })
    }

    pub(in crate::encode::template) fn len(&self) -> usize {
        self.len
    }

    fn at(&self, index: usize) -> Option<i64> {
        let steps = i64::try_from(index).ok().filter(|_| index < self.len)?;
        self.start.checked_add(self.step.checked_mul(steps)?)
    }

    pub(in crate::encode::template) fn items(&self) -> Vec<Value> {
        (0..self.len)
            .filter_map(|index| self.at(index))
            .map(Value::from)
            .collect()
    }
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.at(key.as_usize()?).map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.len)
    }
}

/// A method that was named but not called.
pub(in crate::encode::template) struct Method {
    pub(in crate::encode::template) object: Value,
    pub(in crate::encode::template) name: String,
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<built-in method {}>", self.name)
    }
}

impl Object for Method {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        methods::call(state, &self.object, &self.name, args)
    }
}

/// An undefined value on its way into a macro, where it must not look like a missing argument.
#[derive(Debug)]
pub(in crate::encode::template) struct Given;

impl Object for Given {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// A tuple of two.
pub(in crate::encode::template) fn pair(first: Value, second: Value) -> Value {
    Value::from(Tuple::from([first, second]))
}

/// Whether both are one object: what `is` asks in Python.
pub(in crate::encode::template) fn same(left: &DynObject, right: &DynObject) -> bool {
    // A type-erased object says where it is only through its Debug form, so the kinds that can be
    // shared are asked one by one.
    fn shared<T: 'static>(left: &DynObject, right: &DynObject) -> bool {
        matches!((left.downcast::<T>(), right.downcast::<T>()), (Some(left), Some(right)) if Arc::ptr_eq(&left, &right))
    }
    shared::<Dict>(left, right) || shared::<Vec<Value>>(left, right) || shared::<Tuple>(left, right)
}
