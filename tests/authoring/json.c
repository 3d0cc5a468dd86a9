/* Reads lines of JSON and writes each again, through json.h alone: what it reads is what is meant by the text. Another
 * program compares. Each line lies in memory of its own size, so that reading past the end is seen by a sanitizer. */

#include "json.h"

#include <assert.h>
#include <stdio.h>

static void write_value(json_text *out, json_value value) {
  json_kinds kind = json_kind(value);
  if (kind == JSON_STRING) {
    json_put_string(out, json_string(value));
    return;
  }
  if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
    json_put(out, value.ptr, value.len);
    return;
  }
  json_text within = {0};
  json_put(&within, kind == JSON_OBJECT ? "{" : "[", 1);
  for (json_walk walk = json_into(value); json_next(&walk);) {
    json_text member = {0};
    write_value(&member, walk.value);
    json_value text = {member.ptr, member.len};
    if (kind == JSON_OBJECT) {
      json_put_member(&within, json_string(walk.name), text);
    } else {
      if (within.len > 1) json_put(&within, ",", 1);
      json_put(&within, text.ptr, text.len);
    }
    free(member.ptr);
  }
  json_put(&within, kind == JSON_OBJECT ? "}" : "]", 1);
  json_put(out, within.ptr, within.len);
  free(within.ptr);
}

static json_value value_of(const char *text) { return (json_value){text, strlen(text)}; }

static void check(void) {
  json_value object = value_of(" { \"a\" : 1, \"b\":\"x\",\"t\":true,\"f\":false,\"n\":null,\"\\u0061\":-2.5e1 ,\"e\":\"\"}");
  assert(json_number_or(json_get((json_value){object.ptr + 1, object.len - 1}, json_literal("a")), 0) == -25);
  object = (json_value){object.ptr + 1, object.len - 1};
  assert(json_is(json_get(object, json_literal("b")), json_literal("x")));
  assert(!json_is(json_get(object, json_literal("b")), json_literal("xy")));
  assert(json_bool_or(json_get(object, json_literal("t")), false));
  assert(!json_bool_or(json_get(object, json_literal("f")), true));
  assert(json_bool_or(json_get(object, json_literal("n")), true));
  assert(json_kind(json_get(object, json_literal("n"))) == JSON_NULL);
  assert(json_kind(json_get(object, json_literal("z"))) == JSON_NONE);
  assert(json_number_or(json_get(object, json_literal("b")), 7) == 7);
  assert(json_same(json_string_or(json_get(object, json_literal("z")), "or"), json_literal("or")));
  assert(json_id(json_get(object, json_literal("e"))).len == 0);
  assert(json_same(json_id(json_get(object, json_literal("a"))), json_literal("-2.5e1")));
  assert(json_id(json_get(object, json_literal("t"))).len == 0);
  assert(json_kind(json_get(value_of("[1]"), json_literal("a"))) == JSON_NONE);
  assert(json_kind(json_get((json_value){NULL, 0}, json_literal("a"))) == JSON_NONE);
}

int main(void) {
  check();
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  while ((length = getline(&line, &capacity, stdin)) > 0) {
    size_t size = (size_t)length - (line[length - 1] == '\n');
    char *text = malloc(size);
    memcpy(text, line, size);
    json_text out = {0};
    write_value(&out, (json_value){text, size});
    json_put(&out, "\n", 1);
    fwrite(out.ptr, 1, out.len, stdout);
    free(out.ptr);
    free(text);
  }
  free(line);
  return 0;
}
