use crate::merge::{Resets, SameInAllVersions, Versions, WriteContext, WriteError, Written, apply, update};
use crate::samples::{widget_of, widget_types};
use crate::{ManagedFields, TypeId, Types};
use serde_json::Value;

/// One object and its writers. Every write happens a minute after the one before.
pub(super) struct Story<'a> {
    pub types: &'a Types,
    pub id: TypeId,
    pub live: Option<Value>,
    pub resets: Option<Resets>,
    pub subresource: &'a str,
    pub versions: Option<&'a dyn Versions>,
    pub minute: usize,
    pub changed: bool,
}

impl Story<'static> {
    pub fn of_widget() -> Self {
        let (types, id) = widget_types();
        Story::of(types, id)
    }
}

impl<'a> Story<'a> {
    pub fn of(types: &'a Types, id: TypeId) -> Self {
        Self {
            types,
            id,
            live: None,
            resets: None,
            subresource: "",
            versions: None,
            minute: 0,
            changed: false,
        }
    }

    /// Applies a widget of that spec.
    pub fn apply(&mut self, manager: &str, spec: Value) -> Result<(), WriteError> {
        self.apply_object(manager, &widget_of(spec), false)
    }

    pub fn force(&mut self, manager: &str, spec: Value) {
        self.apply_object(manager, &widget_of(spec), true).expect("forced");
    }

    pub fn apply_object(&mut self, manager: &str, object: &Value, force: bool) -> Result<(), WriteError> {
        let live = self.live.clone();
        let written = self.write(manager, |context| apply(live.as_ref(), object, force, context))?;
        (self.changed, self.live) = (written.changed(), Some(written.object.into_owned()));
        Ok(())
    }

    /// Changes the spec as any other write does.
    pub fn update(&mut self, manager: &str, change: impl FnOnce(&mut Value)) {
        let live = self.live.clone();
        let mut new = live.clone().unwrap_or_else(|| widget_of(serde_json::json!({})));
        change(&mut new["spec"]);
        self.update_object(manager, &new);
    }

    pub fn update_object(&mut self, manager: &str, new: &Value) {
        let live = self.live.clone();
        let written = self.write(manager, |context| update(live.as_ref(), new, context)).expect("written");
        (self.changed, self.live) = (written.changed(), Some(written.object.into_owned()));
    }

    fn write<'l>(
        &mut self,
        manager: &str,
        write: impl FnOnce(&WriteContext<'_>) -> Result<Written<'l>, WriteError>,
    ) -> Result<Written<'l>, WriteError> {
        let now = format!("2024-01-01T{:02}:{:02}:00Z", self.minute / 60, self.minute % 60);
        self.minute += 1;
        let same = SameInAllVersions(self.id);
        write(&WriteContext {
            manager,
            subresource: self.subresource,
            now: &now,
            types: self.types,
            type_id: self.id,
            resets: self.resets.as_ref(),
            versions: self.versions.unwrap_or(&same),
            default: None,
        })
    }

    pub fn spec(&self) -> Value {
        self.live.as_ref().map(|live| live["spec"].clone()).unwrap_or_default()
    }

    /// What a manager owns below `.spec`, without the prefix.
    pub fn owns(&self, manager: &str) -> Vec<String> {
        let fields = ManagedFields::of(self.live.as_ref().expect("written")).expect("fields");
        let paths = fields.owned_by(manager).paths();
        paths.iter().map(|path| path.to_string().trim_start_matches(".spec").to_owned()).collect()
    }

    /// `manager operation time` of each entry, as encoded.
    pub fn entries(&self) -> Vec<String> {
        let fields = ManagedFields::of(self.live.as_ref().expect("written")).expect("fields");
        let entries = fields.entries.iter();
        entries
            .map(|entry| {
                let minute = entry.time.as_deref().and_then(|time| time.get(11..16)).unwrap_or("-");
                format!("{} {} {minute}", entry.manager, entry.operation)
            })
            .collect()
    }
}
