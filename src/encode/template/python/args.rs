//! Arguments of a call, put to the parameters of a Python signature.

use minijinja::value::Kwargs;
use minijinja::{Error, Value};

use crate::encode::template::error::type_error;

/// Positional and named arguments.
pub(in crate::encode::template) struct Args<'v> {
    pub(in crate::encode::template) positional: &'v [Value],
    pub(in crate::encode::template) named: Vec<(String, Value)>,
}

impl<'v> Args<'v> {
    /// The engine hands named arguments over as one value at the end.
    pub(in crate::encode::template) fn new(values: &'v [Value]) -> Self {
        match values.split_last() {
            Some((last, positional)) if last.is_kwargs() => {
                let named = Kwargs::try_from(last.clone()).map_or_else(
                    |_| Vec::new(),
                    |kwargs| {
                        let value = |name: &str| kwargs.peek::<Value>(name).unwrap_or_default();
                        kwargs.args().map(|name| (name.to_owned(), value(name))).collect()
                    },
                );
                Self { positional, named }
            }
            _ => Self {
                positional: values,
                named: Vec::new(),
            },
        }
    }

    /// The arguments in the order of `names`; `None` for what was not given.
    pub(in crate::encode::template) fn bind<const N: usize>(
        self,
        function: &str,
        names: [&str; N],
    ) -> Result<[Option<Value>; N], Error> {
        let mut bound = [const { None }; N];
        if self.positional.len() > N {
            let given = self.positional.len();
            return Err(type_error(format!(
                "{function}() takes at most {N} arguments ({given} given)"
            )));
        }
        for (slot, value) in bound.iter_mut().zip(self.positional) {
            *slot = Some(value.clone());
        }
        for (name, value) in self.named {
            match names.iter().position(|known| *known == name) {
                Some(at) if bound[at].is_none() => bound[at] = Some(value),
                Some(_) => {
                    return Err(type_error(format!(
                        "{function}() got multiple values for argument '{name}'"
                    )));
                }
                None => {
                    return Err(type_error(format!(
                        "{function}() got an unexpected keyword argument '{name}'"
                    )));
                }
            }
        }
        Ok(bound)
    }

    /// The same for a function of C, which takes no argument by name.
    pub(in crate::encode::template) fn positional<const N: usize>(
        self,
        function: &str,
    ) -> Result<[Option<Value>; N], Error> {
        if self.named.is_empty() {
            self.bind(function, [""; N])
        } else {
            Err(type_error(format!("{function}() takes no keyword arguments")))
        }
    }
}

/// An argument that has to be given.
pub(in crate::encode::template) fn required(value: Option<Value>, function: &str, name: &str) -> Result<Value, Error> {
    value.ok_or_else(|| type_error(format!("{function}() missing 1 required positional argument: '{name}'")))
}
