/* What is told to Accoil: who did what, some properties, and the account. */

#include "json.h"
#include "mapping_component.h"

static const char SETTINGS_SCHEMA[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"properties\":{\"description\":\"The properties that become the user's metadata: of the event, else of the user, "
    "else another field.\",\"type\":\"array\",\"items\":{\"type\":\"string\"},\"default\":[\"plan\"]},"
    "\"group_type\":{\"description\":\"The type of the groups that can be the account.\",\"type\":\"string\","
    "\"default\":\"Account\"}}}";

typedef mapping_component_string_t string;
typedef accoil_event_stream_types_event_t event_t;
typedef accoil_event_stream_types_group_t group_t;
typedef accoil_event_stream_types_outcome_t outcome_t;

/* What is answered is freed by the bindings, so its strings must be copies of their own. */
static string copy(json_chars chars) {
  string copied;
  mapping_component_string_dup_n(&copied, chars.ptr, chars.len);
  return copied;
}

static string text_of(json_value value) { return copy((json_chars){value.ptr, value.len}); }

void exports_accoil_event_stream_plugin_describe(exports_accoil_event_stream_plugin_description_t *description) {
  mapping_component_string_dup(&description->name, "{{name}}");
  mapping_component_string_dup(&description->version, "0.1.0");
  mapping_component_string_dup(&description->summary,
                               "Tells who did what, the properties that are set, and the account.");
  mapping_component_string_dup(&description->settings_schema, SETTINGS_SCHEMA);
}

static json_value metadata(json_value settings, const event_t *event) {
  json_value names = json_get(settings, json_literal("properties"));
  if (json_kind(names) == JSON_NONE) names = (json_value){"[\"plan\"]", 8};
  json_value bags[] = {JSON(event->event_properties), JSON(event->user_properties), JSON(event->attributes)};
  json_text object = json_begin();
  for (json_walk walk = json_into(names); json_next(&walk);) {
    json_chars name = json_string(walk.value);
    for (size_t i = 0; i < sizeof bags / sizeof *bags; i++) {
      json_value value = json_get(bags[i], name);
      if (json_kind(value) == JSON_NONE) continue;
      json_put_member(&object, name, value);
      break;
    }
  }
  return json_end(&object);
}

static int by_id(const void *left, const void *right) {
  const string *a = &((const group_t *)left)->group_id, *b = &((const group_t *)right)->group_id;
  int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
  return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* The groups of this type, ascending by id; none if nothing at all is known about groups. */
static size_t candidates(const event_t *event, json_chars type, group_t **found) {
  if (json_kind(JSON(event->group_properties)) != JSON_OBJECT) return 0;
  json_value ids = json_get(JSON(event->groups), type);
  json_value known = json_get(JSON(event->group_properties), type);
  json_value one_by_one[] = {ids};
  size_t count = 0;
  *found = malloc((ids.len + 1) * sizeof **found); /* more than there can be ids */
  if (*found == NULL) abort();
  json_walk walk = json_into(ids);
  bool is_array = json_kind(ids) == JSON_ARRAY;
  for (size_t i = 0; is_array ? json_next(&walk) : i < 1; i++) {
    json_chars id = json_id(is_array ? walk.value : one_by_one[i]);
    if (id.len == 0) continue;
    json_value traits = json_get(known, id);
    if (json_kind(traits) != JSON_OBJECT) traits = (json_value){"{}", 2};
    (*found)[count++] = (group_t){copy(id), copy(type), text_of(traits)};
  }
  qsort(*found, count, sizeof **found, by_id);
  return count;
}

/* The account: the tenant's selector chooses, or else it is the first candidate. */
static bool account(const event_t *event, uint32_t index, bool ask, json_chars type, group_t *chosen) {
  group_t *found = NULL;
  size_t count = candidates(event, type, &found);
  accoil_event_stream_types_selection_t selection = {.tag = ACCOIL_EVENT_STREAM_TYPES_SELECTION_DEFAULT_RULE};
  accoil_event_stream_group_choice_list_group_t offered = {found, count};
  if (ask) accoil_event_stream_group_choice_choose(index, &offered, &selection);
  size_t at = 0;
  switch (selection.tag) {
    case ACCOIL_EVENT_STREAM_TYPES_SELECTION_NONE: return false;
    case ACCOIL_EVENT_STREAM_TYPES_SELECTION_CUSTOM: return *chosen = selection.val.custom, true;
    case ACCOIL_EVENT_STREAM_TYPES_SELECTION_CANDIDATE: at = selection.val.candidate;
  }
  return at < count && (*chosen = found[at], true);
}

/* What is told about a group: its traits without nulls, and its type. */
static json_value told(const group_t *group) {
  json_text object = json_begin();
  json_chars type_name = json_literal("group_type");
  for (json_walk walk = json_into(JSON(group->traits)); json_next(&walk);) {
    json_chars name = json_string(walk.name);
    if (json_kind(walk.value) != JSON_NULL && !json_same(name, type_name)) json_put_member(&object, name, walk.value);
  }
  json_text type = {0};
  json_put_string(&type, CHARS(group->group_type));
  json_put_member(&object, type_name, (json_value){type.ptr, type.len});
  return json_end(&object);
}

static outcome_t skip(const char *reason) {
  outcome_t outcome = {.tag = ACCOIL_EVENT_STREAM_TYPES_OUTCOME_SKIP};
  mapping_component_string_dup(&outcome.val.skip, reason);
  return outcome;
}

static outcome_t map(json_value settings, const event_t *event, uint32_t index, bool ask) {
  if (event->event_type.ptr[0] == '$') return skip("not an action");
  if (!event->user_id.is_some) return skip("missing user id");
  accoil_event_stream_types_accoil_event_t *tell = calloc(1, sizeof *tell);
  if (tell == NULL) abort();
  tell->user_id = (mapping_component_option_string_t){true, copy(CHARS(event->user_id.val))};
  tell->event = (mapping_component_option_string_t){true, copy(CHARS(event->event_type))};
  if (event->time.is_some) {
    tell->timestamp = (accoil_event_stream_types_option_timestamp_t){true, copy(CHARS(event->time.val))};
  }
  tell->metadata = text_of(metadata(settings, event));
  group_t group;
  if (account(event, index, ask, json_string_or(json_get(settings, json_literal("group_type")), "Account"), &group)) {
    tell->group_traits.ptr = malloc(sizeof *tell->group_traits.ptr);
    if (tell->group_traits.ptr == NULL) abort();
    *tell->group_traits.ptr =
        (accoil_event_stream_types_group_traits_t){copy(CHARS(group.group_id)), text_of(told(&group))};
    tell->group_traits.len = 1;
  }
  outcome_t outcome = {.tag = ACCOIL_EVENT_STREAM_TYPES_OUTCOME_DELIVER};
  outcome.val.deliver.ptr = tell;
  outcome.val.deliver.len = 1;
  return outcome;
}

void exports_accoil_event_stream_mapping_transform(
    exports_accoil_event_stream_mapping_json_t *settings,
    exports_accoil_event_stream_mapping_list_event_t *events,
    exports_accoil_event_stream_mapping_list_outcome_t *outcomes) {
  bool ask = accoil_event_stream_group_choice_active();
  outcomes->len = events->len;
  outcomes->ptr = malloc((events->len + 1) * sizeof *outcomes->ptr);
  if (outcomes->ptr == NULL) abort();
  for (size_t i = 0; i < events->len; i++) {
    outcomes->ptr[i] = map(JSON(*settings), &events->ptr[i], (uint32_t)i, ask);
  }
}
