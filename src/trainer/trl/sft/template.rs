//! Training templates (`chat_template_utils.py`, `get_training_chat_template`).
//!
//! TRL ships them; they are read from where it is installed, and not copied here.

use crate::encode::kit::Kit;
use crate::encode::template::Template;
use crate::model::encoded::EncodeError;
use crate::trainer::SitePackages;

use crate::trainer::trl::options::{Options, raises, unsupported};
use crate::trainer::trl::versions::Features;

/// The template that stands in for the model's own under `assistant_only_loss`, if one does.
///
/// A template with generation markers is used as it is. Any other is swapped if it is, to the
/// letter, one that TRL knows; else TRL refuses it.
///
/// # Errors
///
/// What TRL raises, or that its templates were not found.
pub(super) fn training(
    kit: &Kit,
    options: &Options,
    features: &Features,
    packages: &SitePackages,
) -> Result<Option<Template>, EncodeError> {
    if !options.assistant_only_loss || !features.swaps_template {
        return Ok(None);
    }
    let Some(own) = kit.template_source(false) else {
        return Err(raises(
            "TypeError",
            "assistant_only_loss=True, but the tokenizer has no chat template",
        ));
    };
    let marked = if features.finds_any_markers {
        has_markers(own)
    } else {
        own.contains("{% generation %}")
    };
    if marked {
        return Ok(None);
    }
    let Some(folder) = packages.find("trl/chat_templates") else {
        return Err(unsupported(
            "TRL's training templates: the chat template has no generation markers, and no installed trl was found to read them from (--site-packages)",
        ));
    };
    let swapped = find(&folder, own).map_err(|error| unsupported(format!("TRL's training templates: {error}")))?;
    match swapped {
        Some(source) => kit.compile(&source).map(Some),
        None => Err(raises(
            "ValueError",
            "the chat template has no generation markers, and TRL knows no training template for it: put {% generation %} and {% endgeneration %} around its answers",
        )),
    }
}

/// `re.search(r"\{%-?\s*generation\s*-?%\}", template)`.
fn has_markers(template: &str) -> bool {
    template.match_indices("{%").any(|(at, _)| {
        let rest = &template[at + 2..];
        let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start();
        rest.strip_prefix("generation").is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.strip_prefix('-').unwrap_or(rest).starts_with("%}")
        })
    })
}

/// The twin `NAME_training.jinja` of the template `NAME.jinja` that is the same text.
fn find(folder: &std::path::Path, own: &str) -> std::io::Result<Option<String>> {
    let mut names: Vec<_> = std::fs::read_dir(folder)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    names.sort();
    for path in names {
        let Some(stem) = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".jinja"))
        else {
            continue;
        };
        let twin = folder.join(format!("{stem}_training.jinja"));
        // Python reads in text mode, which makes every line end a line feed.
        let read = |path: &std::path::Path| {
            std::fs::read_to_string(path).map(|text| text.replace("\r\n", "\n").replace('\r', "\n"))
        };
        if twin.is_file() && read(&path)? == own {
            return read(&twin).map(Some);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_in_any_spelling_the_library_takes() {
        for with in [
            "{% generation %}",
            "{%- generation -%}",
            "{%generation%}",
            "a{% if x %}{%-\tgeneration%}",
        ] {
            assert!(has_markers(with), "{with}");
        }
        for without in [
            "",
            "generation",
            "{% endgeneration %}",
            "{%+ generation %}",
            "{{ generation }}",
        ] {
            assert!(!has_markers(without), "{without}");
        }
    }
}
