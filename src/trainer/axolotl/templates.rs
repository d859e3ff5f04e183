//! Which chat template is used (`utils/chat_templates/base.py`).

use std::path::Path;

use crate::encode::kit::Kit;
use crate::encode::template::Template;
use crate::model::encoded::EncodeError;
use crate::trainer::SitePackages;

use super::options::{Dataset, Options, Type};
use super::versions::BUNDLED;
use crate::trainer::failure::{raises, unsupported};

const FALLBACK: &str = "tokenizer_default_fallback_";

/// A template: the tokenizer's own, or another.
pub(super) struct Choice {
    pub(super) source: String,
    /// Compiled; `None` where it is the tokenizer's own.
    pub(super) template: Option<Template>,
    /// Whether it is the tokenizer's several named ones, which no row can be rendered with: they are
    /// handed to `apply_chat_template` as one.
    pub(super) named: bool,
}

/// The template a dataset is rendered with. Those that come with axolotl are read from where it is
/// installed.
///
/// # Errors
///
/// Where axolotl raises, or where a template of the package is asked for and the package is not at
/// hand.
pub(super) fn of_dataset(
    kit: &Kit,
    options: &Options,
    dataset: &Dataset,
    packages: &SitePackages,
) -> Result<Choice, EncodeError> {
    let own = dataset.chat_template.as_deref().filter(|choice| !choice.is_empty());
    let own_jinja = dataset.chat_template_jinja.as_deref().filter(|jinja| !jinja.is_empty());
    // `SFTDataset.check_chat_template_config`: `type: chat_template` never looks at the top level.
    let is_chat = matches!(&dataset.r#type, Some(Type::Name(name)) if name == "chat_template");
    match (own, own_jinja) {
        (Some("jinja"), None) => Err(raises(
            "ValidationError",
            "chat_template_jinja is required when chat_template is set to jinja",
        )),
        (Some(choice), jinja) => chosen(kit, choice, jinja, packages),
        (None, _) if is_chat => chosen(kit, "tokenizer_default", None, packages),
        (None, Some(jinja)) => chosen(kit, "jinja", Some(jinja), packages),
        (None, None) => {
            let choice = options.chat_template.as_deref().filter(|choice| !choice.is_empty());
            let choice = choice.unwrap_or("tokenizer_default");
            chosen(kit, choice, options.chat_template_jinja.as_deref(), packages)
        }
    }
}

/// `get_chat_template`.
pub(super) fn chosen(
    kit: &Kit,
    choice: &str,
    jinja: Option<&str>,
    packages: &SitePackages,
) -> Result<Choice, EncodeError> {
    if choice == "jinja" {
        let jinja = jinja.filter(|jinja| !jinja.is_empty()).ok_or_else(|| {
            raises(
                "ValueError",
                "`jinja_template` cannot be None when `chat_template` choice is jinja",
            )
        })?;
        // A path, if there is a file.
        let path = Path::new(jinja);
        let source = if path.is_file() { read(path)? } else { jinja.to_owned() };
        return compiled(kit, source);
    }
    let name = match choice.strip_prefix(FALLBACK) {
        Some(_) if kit.has_template() => return Ok(own(kit)),
        Some(fallback) => fallback,
        None if choice == "tokenizer_default" && kit.has_template() => return Ok(own(kit)),
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
    let path = format!("axolotl/utils/chat_templates/templates/{name}.jinja");
    let Some(path) = packages.find(&path) else {
        return Err(unsupported(format!(
            "chat_template {name}: it comes with axolotl, and no installed axolotl was found to read it from (--site-packages)"
        )));
    };
    compiled(kit, read(&path)?)
}

/// The tokenizer's own template.
fn own(kit: &Kit) -> Choice {
    let named = kit.has_named_templates();
    let source = kit.template_source(false).filter(|_| !named);
    Choice {
        source: source.unwrap_or_default().to_owned(),
        template: None,
        named,
    }
}

fn compiled(kit: &Kit, source: String) -> Result<Choice, EncodeError> {
    let template = kit.compile(&source)?;
    Ok(Choice {
        source,
        template: Some(template),
        named: false,
    })
}

fn read(path: &Path) -> Result<String, EncodeError> {
    // Python's text mode makes every line end a `\n`.
    std::fs::read_to_string(path)
        .map(|text| text.replace("\r\n", "\n").replace('\r', "\n"))
        .map_err(|error| unsupported(format!("chat_template {}: {error}", path.display())))
}
