//! Which chat template is used (`utils/chat_templates/base.py`).

use std::path::Path;
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::model::encoded::{EncodeError, EncodeErrorKind};

use super::failure::{raises, unsupported};
use super::options::{Dataset, Options};
use super::versions::BUNDLED;

const FALLBACK: &str = "tokenizer_default_fallback_";

/// The tokenizer with the template a dataset is rendered with.
///
/// `site_packages` is a folder that holds the package `axolotl`; the templates that come with it
/// are read from there.
///
/// # Errors
///
/// Where axolotl raises, or where a template of the package is asked for and the package is not at
/// hand.
pub(super) fn of_dataset(
    kit: &Arc<Kit>,
    options: &Options,
    dataset: &Dataset,
    site_packages: Option<&Path>,
) -> Result<Arc<Kit>, EncodeError> {
    let own = dataset.chat_template.as_deref().filter(|choice| !choice.is_empty());
    let own_jinja = dataset.chat_template_jinja.as_deref().filter(|jinja| !jinja.is_empty());
    // `SFTDataset.check_chat_template_config`; `type: chat_template` never looks at the top level.
    let is_chat = matches!(&dataset.r#type, Some(super::options::Type::Name(name)) if name == "chat_template");
    match (own, own_jinja) {
        (Some("jinja"), None) => Err(raises(
            "ValidationError",
            "chat_template_jinja is required when chat_template is set to jinja",
        )),
        (Some(choice), jinja) => chosen(kit, choice, jinja, site_packages),
        (None, _) if is_chat => chosen(kit, "tokenizer_default", None, site_packages),
        (None, Some(jinja)) => chosen(kit, "jinja", Some(jinja), site_packages),
        (None, None) => {
            let choice = options.chat_template.as_deref().filter(|choice| !choice.is_empty());
            let choice = choice.unwrap_or("tokenizer_default");
            chosen(kit, choice, options.chat_template_jinja.as_deref(), site_packages)
        }
    }
}

/// `get_chat_template`.
pub(super) fn chosen(
    kit: &Arc<Kit>,
    choice: &str,
    jinja: Option<&str>,
    site_packages: Option<&Path>,
) -> Result<Arc<Kit>, EncodeError> {
    if choice == "jinja" {
        let jinja = jinja.filter(|jinja| !jinja.is_empty()).ok_or_else(|| {
            raises(
                "ValueError",
                "`jinja_template` cannot be None when `chat_template` choice is jinja",
            )
        })?;
        // A path, if there is a file.
        let source = if Path::new(jinja).is_file() {
            read(Path::new(jinja))?
        } else {
            jinja.to_owned()
        };
        return with(kit, &source);
    }
    let name = match choice.strip_prefix(FALLBACK) {
        Some(_) if kit.has_template() => return Ok(Arc::clone(kit)),
        Some(fallback) => fallback,
        None if choice == "tokenizer_default" && kit.has_template() => return Ok(Arc::clone(kit)),
        None if choice == "tokenizer_default" => {
            return Err(raises(
                "ValueError",
                "`chat_template choice is tokenizer_default but tokenizer's chat_template is null",
            ));
        }
        None => choice,
    };
    if !BUNDLED.contains(&name) {
        return Err(raises("ValueError", format!("Template '{name}' not found.")));
    }
    let Some(site_packages) = site_packages else {
        return Err(unsupported(format!(
            "chat_template {name}: it comes with axolotl, which was not found"
        )));
    };
    let file = site_packages
        .join("axolotl/utils/chat_templates/templates")
        .join(format!("{name}.jinja"));
    with(kit, &read(&file)?)
}

pub(super) fn with(kit: &Arc<Kit>, source: &str) -> Result<Arc<Kit>, EncodeError> {
    let kit = kit.with_template(source).map_err(|message| EncodeError {
        class: "TemplateSyntaxError".into(),
        message,
        kind: EncodeErrorKind::Template,
    })?;
    Ok(Arc::new(kit))
}

fn read(path: &Path) -> Result<String, EncodeError> {
    // Python's text mode makes every line end a `\n`.
    std::fs::read_to_string(path)
        .map(|text| text.replace("\r\n", "\n").replace('\r', "\n"))
        .map_err(|error| unsupported(format!("chat_template {}: {error}", path.display())))
}
