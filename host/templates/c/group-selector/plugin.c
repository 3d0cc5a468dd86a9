/* Which group is the account: the first one that pays, else the one that the default rule chooses. */

#include "json.h"
#include "group_selector.h"

static const char SETTINGS_SCHEMA[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"trait\":{\"description\":\"The trait of a group that names its plan.\",\"type\":\"string\",\"default\":\"plan\"},"
    "\"free_value\":{\"description\":\"What stands there when a group does not pay.\",\"type\":\"string\","
    "\"default\":\"free\"}}}";

void exports_accoil_event_stream_plugin_describe(exports_accoil_event_stream_plugin_description_t *description) {
  group_selector_string_dup(&description->name, "{{name}}");
  group_selector_string_dup(&description->version, "0.1.0");
  group_selector_string_dup(&description->summary, "Prefers the first group whose plan is not free.");
  group_selector_string_dup(&description->settings_schema, SETTINGS_SCHEMA);
}

/* What is given must not be freed: an instance lives for one batch. What is answered is freed by the bindings, so its
 * strings must be copies of their own (group_selector_string_dup). */
void exports_accoil_event_stream_group_selection_select(
    exports_accoil_event_stream_group_selection_json_t *settings,
    exports_accoil_event_stream_group_selection_event_t *event,
    exports_accoil_event_stream_group_selection_list_group_t *candidates,
    exports_accoil_event_stream_group_selection_selection_t *selection) {
  (void)event;
  json_value set = JSON(*settings);
  json_chars trait = json_string_or(json_get(set, json_literal("trait")), "plan");
  json_chars free_value = json_string_or(json_get(set, json_literal("free_value")), "free");

  selection->tag = ACCOIL_EVENT_STREAM_TYPES_SELECTION_DEFAULT_RULE;
  for (size_t i = 0; i < candidates->len; i++) {
    json_value plan = json_get(JSON(candidates->ptr[i].traits), trait);
    if (json_kind(plan) == JSON_STRING && !json_is(plan, free_value)) {
      selection->tag = ACCOIL_EVENT_STREAM_TYPES_SELECTION_CANDIDATE;
      selection->val.candidate = (uint32_t)i;
      return;
    }
  }
}
