/* Which group is the account: the one that a property of the event names. */

#include "json.h"
#include "group_selector.h"

static const char SETTINGS_SCHEMA[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"property\":{\"description\":\"The event property that holds the account's id.\",\"type\":\"string\","
    "\"minLength\":1,\"default\":\"account_id\"},"
    "\"group_type\":{\"description\":\"The type of the groups that are accounts.\",\"type\":\"string\",\"minLength\":1,"
    "\"default\":\"Account\"}}}";

void exports_accoil_event_stream_plugin_describe(exports_accoil_event_stream_plugin_description_t *description) {
  group_selector_string_dup(&description->name, "account-in-event-property");
  group_selector_string_dup(&description->version, "1.0.0");
  group_selector_string_dup(&description->summary, "The account is the one that a property of the event names.");
  group_selector_string_dup(&description->settings_schema, SETTINGS_SCHEMA);
}

/* What is given must not be freed: an instance lives for one batch. What is answered is freed by the bindings, so its
 * strings must be copies of their own. */
void exports_accoil_event_stream_group_selection_select(
    exports_accoil_event_stream_group_selection_json_t *settings,
    exports_accoil_event_stream_group_selection_event_t *event,
    exports_accoil_event_stream_group_selection_list_group_t *candidates,
    exports_accoil_event_stream_group_selection_selection_t *selection) {
  json_value set = JSON(*settings);
  json_chars property = json_string_or(json_get(set, json_literal("property")), "account_id");
  json_chars type = json_string_or(json_get(set, json_literal("group_type")), "Account");
  json_chars id = json_id(json_get(JSON(event->event_properties), property));

  selection->tag = ACCOIL_EVENT_STREAM_TYPES_SELECTION_DEFAULT_RULE;
  if (id.len == 0) return;
  for (size_t i = 0; i < candidates->len; i++) {
    /* One that the event names as a group too comes with its traits. */
    if (!json_same(CHARS(candidates->ptr[i].group_id), id) || !json_same(CHARS(candidates->ptr[i].group_type), type))
      continue;
    selection->tag = ACCOIL_EVENT_STREAM_TYPES_SELECTION_CANDIDATE;
    selection->val.candidate = (uint32_t)i;
    return;
  }
  selection->tag = ACCOIL_EVENT_STREAM_TYPES_SELECTION_CUSTOM;
  group_selector_string_dup_n(&selection->val.custom.group_id, id.ptr, id.len);
  group_selector_string_dup_n(&selection->val.custom.group_type, type.ptr, type.len);
  group_selector_string_dup(&selection->val.custom.traits, "{}");
}
