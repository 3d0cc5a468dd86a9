/* Reads and writes JSON text, without building values. Small on purpose: copy, change, or replace it as you like.
 *
 * It reads what the host gives, which is always valid JSON; on other text the answers mean nothing, but it never reads
 * past the end. Memory for strings with escapes, and for what is written, comes from malloc, and need not be freed: an
 * instance of a plugin lives for one batch of events.
 *
 *     json_value traits = JSON(group->traits);
 *     json_value seats = json_get(traits, json_literal("seats"));
 *     if (json_number_or(seats, 0) > 10) ...
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The text of a JSON value, such as "a", 1.50 or {"a":1}. `ptr` is NULL where there is none. */
typedef struct {
  const char *ptr;
  size_t len;
} json_value;

/* Characters in UTF-8, as they are meant: no quotes, no escapes, no NUL at the end. */
typedef struct {
  const char *ptr;
  size_t len;
} json_chars;

typedef enum { JSON_NONE, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_kinds;

/* A string of the bindings as JSON, and as characters. */
#define JSON(string) ((json_value){(const char *)(string).ptr, (string).len})
#define CHARS(string) ((json_chars){(const char *)(string).ptr, (string).len})

static inline json_chars json_literal(const char *text) { return (json_chars){text, strlen(text)}; }

static inline bool json_same(json_chars left, json_chars right) {
  return left.len == right.len && memcmp(left.ptr, right.ptr, left.len) == 0;
}

static inline bool json_is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

static inline json_kinds json_kind(json_value value) {
  if (value.ptr == NULL || value.len == 0) return JSON_NONE;
  switch (value.ptr[0]) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 'n': return JSON_NULL;
    case 't':
    case 'f': return JSON_BOOL;
    default: return JSON_NUMBER;
  }
}

/* ---- Strings ---- */

static inline uint32_t json_hex(const char *digits) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    char c = digits[i];
    value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
  }
  return value;
}

static inline size_t json_encode(uint32_t point, char *out) {
  if (point < 0x80) return out[0] = (char)point, 1;
  if (point < 0x800) return out[0] = (char)(0xc0 | point >> 6), out[1] = (char)(0x80 | (point & 63)), 2;
  if (point < 0x10000) {
    out[0] = (char)(0xe0 | point >> 12), out[1] = (char)(0x80 | (point >> 6 & 63)), out[2] = (char)(0x80 | (point & 63));
    return 3;
  }
  out[0] = (char)(0xf0 | point >> 18), out[1] = (char)(0x80 | (point >> 12 & 63));
  out[2] = (char)(0x80 | (point >> 6 & 63)), out[3] = (char)(0x80 | (point & 63));
  return 4;
}

/* One escape at `at`, after the backslash; writes what it means and gives how long it was. Half of a surrogate pair has
 * no meaning in Unicode text and becomes U+FFFD. */
static inline size_t json_escape(const char *at, const char *end, char *out, size_t *written) {
  static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *found = at < end && *at != 'u' ? memchr(plain, *at, sizeof plain - 1) : NULL;
  if (found != NULL) return out[0] = meant[found - plain], *written = 1, 1;
  if (end - at < 5 || *at != 'u') return *written = 0, 1;
  uint32_t point = json_hex(at + 1);
  size_t length = 5;
  if (point >= 0xd800 && point < 0xdc00 && end - at >= 11 && at[5] == '\\' && at[6] == 'u') {
    uint32_t low = json_hex(at + 7);
    if (low >= 0xdc00 && low < 0xe000) point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00), length = 11;
  }
  if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
  return *written = json_encode(point, out), length;
}

/* The characters of a string; nothing of what is no string. */
static inline json_chars json_string(json_value value) {
  if (json_kind(value) != JSON_STRING || value.len < 2) return (json_chars){"", 0};
  const char *at = value.ptr + 1, *end = value.ptr + value.len - 1;
  if (memchr(at, '\\', (size_t)(end - at)) == NULL) return (json_chars){at, (size_t)(end - at)};
  /* What is meant is never longer than its escape. */
  char *content = malloc(value.len);
  if (content == NULL) abort();
  size_t length = 0;
  while (at < end) {
    size_t written = 1;
    if (*at == '\\') {
      at++;
      at += json_escape(at, end, content + length, &written);
    } else {
      content[length] = *at++;
    }
    length += written;
  }
  return (json_chars){content, length};
}

static inline json_chars json_string_or(json_value value, const char *otherwise) {
  return json_kind(value) == JSON_STRING ? json_string(value) : json_literal(otherwise);
}

/* Whether a value is this string. */
static inline bool json_is(json_value value, json_chars content) {
  return json_kind(value) == JSON_STRING && json_same(json_string(value), content);
}

/* An id as Amplitude has it: a string that is not empty, or a number as its text. No id has the length 0. */
static inline json_chars json_id(json_value value) {
  return json_kind(value) == JSON_NUMBER ? (json_chars){value.ptr, value.len} : json_string(value);
}

/* ---- Other values ---- */

static inline bool json_bool_or(json_value value, bool otherwise) {
  return json_kind(value) == JSON_BOOL ? value.ptr[0] == 't' : otherwise;
}

/* The number, as near as a double comes to it. */
static inline double json_number_or(json_value value, double otherwise) {
  if (json_kind(value) != JSON_NUMBER) return otherwise;
  char *text = malloc(value.len + 1);
  if (text == NULL) abort();
  memcpy(text, value.ptr, value.len);
  text[value.len] = 0;
  return strtod(text, NULL);
}

/* ---- Objects and arrays ---- */

/* Walks over the members of an object or the elements of an array:
 *
 *     json_walk walk = json_into(value);
 *     while (json_next(&walk)) ... walk.name (of members), walk.value ...
 */
typedef struct {
  const char *at, *end;
  bool is_object;
  json_value name; /* a JSON string */
  json_value value;
} json_walk;

static inline const char *json_skip_space(const char *at, const char *end) {
  while (at < end && (json_is_space(*at) || *at == ',' || *at == ':')) at++;
  return at;
}

static inline const char *json_after_string(const char *at, const char *end) {
  for (at++; at < end && *at != '"'; at++) {
    if (*at == '\\' && at + 1 < end) at++;
  }
  return at < end ? at + 1 : end;
}

static inline const char *json_after_value(const char *at, const char *end) {
  size_t depth = 0;
  while (at < end) {
    char c = *at;
    if (c == '"') {
      at = json_after_string(at, end);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    }
    if (depth == 0 && (c == ',' || json_is_space(c))) return at;
    at++;
  }
  return end;
}

static inline json_walk json_into(json_value value) {
  json_kinds kind = json_kind(value);
  json_walk walk = {NULL, NULL, kind == JSON_OBJECT, {NULL, 0}, {NULL, 0}};
  if (kind == JSON_OBJECT || kind == JSON_ARRAY) walk.at = value.ptr + 1, walk.end = value.ptr + value.len;
  return walk;
}

static inline json_value json_take(json_walk *walk) {
  const char *from = json_skip_space(walk->at, walk->end);
  walk->at = json_after_value(from, walk->end);
  return (json_value){from, (size_t)(walk->at - from)};
}

static inline bool json_next(json_walk *walk) {
  if (walk->at == NULL) return false;
  if (walk->is_object) {
    walk->name = json_take(walk);
    if (json_kind(walk->name) != JSON_STRING) return false;
  }
  walk->value = json_take(walk);
  return walk->value.len > 0;
}

/* The member of an object with this name. Of two with the same name the last one counts. */
static inline json_value json_get(json_value object, json_chars name) {
  json_value found = {NULL, 0};
  json_walk walk = json_into(object);
  if (!walk.is_object) return found;
  while (json_next(&walk)) {
    if (json_is(walk.name, name)) found = walk.value;
  }
  return found;
}

/* ---- Writing ---- */

/* Text that grows. Begin with json_text text = {0}. */
typedef struct {
  char *ptr;
  size_t len, capacity;
} json_text;

static inline void json_put(json_text *text, const char *ptr, size_t len) {
  if (text->len + len > text->capacity) {
    text->capacity = (text->len + len) * 2 + 64;
    text->ptr = realloc(text->ptr, text->capacity);
    if (text->ptr == NULL) abort();
  }
  if (len > 0) memcpy(text->ptr + text->len, ptr, len);
  text->len += len;
}

static inline void json_put_string(json_text *text, json_chars content) {
  static const char hex[] = "0123456789abcdef";
  json_put(text, "\"", 1);
  for (size_t i = 0; i < content.len; i++) {
    unsigned char c = (unsigned char)content.ptr[i];
    if (c < 0x20) {
      char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      json_put(text, escape, sizeof escape);
      continue;
    }
    if (c == '"' || c == '\\') json_put(text, "\\", 1);
    json_put(text, content.ptr + i, 1);
  }
  json_put(text, "\"", 1);
}

/* Adds a member to an object that is being written: begin with json_begin, end with json_end. */
static inline void json_put_member(json_text *object, json_chars name, json_value value) {
  if (object->len > 1) json_put(object, ",", 1);
  json_put_string(object, name);
  json_put(object, ":", 1);
  json_put(object, value.ptr, value.len);
}

static inline json_text json_begin(void) {
  json_text object = {0};
  json_put(&object, "{", 1);
  return object;
}

static inline json_value json_end(json_text *object) {
  json_put(object, "}", 1);
  return (json_value){object->ptr, object->len};
}

#endif
