//! Jinja's filters, and those that stand for operators.

pub(in crate::encode::template) mod number;
mod pick;
pub(in crate::encode::template) mod sequence;
pub(in crate::encode::template) mod text;

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value};

use super::containers::Given;
use super::kind::type_name;
use super::{json, number as arithmetic, operators, subscript};
use crate::encode::template::error::{PyClass, raise, type_error};

/// A filter: the value it is applied to, and its arguments.
type Filter = fn(&mut State<'_, '_>, &Value, &[Value]) -> Result<Value, Error>;

/// The filters of Jinja that are reproduced; `dialect::FILTERS` names the same.
const TABLE: &[(&str, Filter)] = &[
    ("abs", number::abs),
    ("attr", pick::attr),
    ("batch", sequence::batch),
    ("capitalize", text::capitalize),
    ("center", text::center),
    ("count", sequence::length),
    ("d", pick::default),
    ("default", pick::default),
    ("dictsort", sequence::dictsort),
    ("e", text::escape_filter),
    ("escape", text::escape_filter),
    ("filesizeformat", number::filesizeformat),
    ("first", sequence::first),
    ("float", number::float),
    ("forceescape", text::forceescape),
    ("format", text::format),
    ("groupby", sequence::groupby),
    ("indent", text::indent),
    ("int", number::int),
    ("items", sequence::items),
    ("join", text::join),
    ("last", sequence::last),
    ("length", sequence::length),
    ("list", sequence::list),
    ("lower", text::lower),
    ("map", pick::map),
    ("max", sequence::max),
    ("min", sequence::min),
    ("reject", pick::reject),
    ("rejectattr", pick::rejectattr),
    ("replace", text::replace),
    ("reverse", sequence::reverse),
    ("round", number::round),
    ("safe", text::safe),
    ("select", pick::select),
    ("selectattr", pick::selectattr),
    ("slice", sequence::slice),
    ("sort", sequence::sort),
    ("string", text::string),
    ("sum", sequence::sum),
    ("title", text::title),
    ("tojson", tojson),
    ("trim", text::trim),
    ("truncate", text::truncate),
    ("unique", sequence::unique),
    ("upper", text::upper),
    ("urlencode", text::urlencode),
    ("wordcount", text::wordcount),
];

fn tojson(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Result<Value, Error> {
    json::tojson(value, args)
}

/// Adds all of them.
pub(in crate::encode::template) fn register(env: &mut Environment<'_>) {
    for (name, filter) in TABLE {
        env.add_filter(
            *name,
            |state: &mut State<'_, '_>, value: &Value, args: Rest<ValueOrKwargs>| {
                filter(state, value, &args.into_values())
            },
        );
    }
    operators_into(env);
}

/// What `dialect` writes for operators.
fn operators_into(env: &mut Environment<'_>) {
    type S<'a, 'b, 'c> = &'a mut State<'b, 'c>;
    env.add_filter("_add", operators::add_all);
    env.add_filter("_concat", operators::concat);
    env.add_filter("_sub", arithmetic::sub);
    env.add_filter("_mul", operators::mul);
    env.add_filter("_div", arithmetic::div);
    env.add_filter("_floordiv", arithmetic::floordiv);
    env.add_filter("_mod", operators::modulo);
    env.add_filter("_pow", arithmetic::pow);
    env.add_filter("_neg", arithmetic::neg);
    env.add_filter("_pos", arithmetic::pos);
    env.add_filter("_lt", |a: &Value, b: &Value| {
        Ok::<_, Error>(operators::compare("<", a, b)?.is_some_and(std::cmp::Ordering::is_lt))
    });
    env.add_filter("_le", |a: &Value, b: &Value| {
        Ok::<_, Error>(operators::compare("<=", a, b)?.is_some_and(std::cmp::Ordering::is_le))
    });
    env.add_filter("_gt", |a: &Value, b: &Value| {
        Ok::<_, Error>(operators::compare(">", a, b)?.is_some_and(std::cmp::Ordering::is_gt))
    });
    env.add_filter("_ge", |a: &Value, b: &Value| {
        Ok::<_, Error>(operators::compare(">=", a, b)?.is_some_and(std::cmp::Ordering::is_ge))
    });
    env.add_filter("_in", |item: &Value, container: &Value| {
        operators::contains(container, item)
    });
    env.add_filter("_not_in", |item: &Value, container: &Value| {
        operators::contains(container, item).map(|found| !found)
    });
    env.add_filter("_attr", |object: &Value, name: &str| subscript::attribute(object, name));
    env.add_filter("_item", |object: &Value, name: &str| subscript::item(object, name));
    env.add_filter(
        "_slice",
        |s: S<'_, '_, '_>, value: &Value, start: &Value, stop: &Value, step: &Value| {
            subscript::slice(s, value, [start, stop, step])
        },
    );
    env.add_filter("_iter", subscript::iterate);
    env.add_filter("_iter_unpacked", subscript::iterate_unpacked);
    env.add_filter("_unpacked", subscript::unpacked);
    env.add_filter("_getitem", subscript::getitem);
    env.add_filter("_text", |value: &Value| match value.as_str() {
        Some(_) => Ok(value.clone()),
        None => Err(type_error(format!("expected str instance, {} found", type_name(value)))),
    });
    env.add_filter("_captured", |text: &Value| text.clone());
    env.add_filter("_dict", subscript::dict_literal);
    env.add_filter("_store", subscript::storable);
    env.add_filter("_private", |_: &Value| {
        Err::<Value, _>(raise(
            PyClass::SecurityError,
            "chat templates cannot store underscore-prefixed attributes on a namespace",
        ))
    });
    env.add_filter("_given", |value: &Value| {
        if value.is_undefined() {
            Value::from_object(Given)
        } else {
            value.clone()
        }
    });
    env.add_filter("_received", |value: &Value| {
        if value.downcast_object_ref::<Given>().is_some() {
            Value::UNDEFINED
        } else {
            value.clone()
        }
    });
    env.add_filter("_cycle_of_nothing", |_: &Value| {
        Err::<Value, _>(type_error("no items for cycling given"))
    });
    env.add_filter("_no_loader", |_: &Value| {
        Err::<Value, _>(type_error("no loader for this environment specified"))
    });
}

#[cfg(test)]
mod tests {
    use super::TABLE;
    use crate::encode::template::dialect::FILTERS;

    #[test]
    fn every_filter_the_dialect_knows_is_here() {
        let names: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, FILTERS);
    }
}
