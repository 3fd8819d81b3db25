// The two GPU programs that draw every truck in one call: movement and shape are computed there.

export const VERTEX = `#version 300 es
uniform mat4 u_matrix;      // from mercator offsets around the anchor to clip space
uniform vec2 u_viewport;    // in CSS pixels
uniform float u_now;        // seconds since the buffer was filled
uniform float u_bearing;    // radians
uniform float u_size;       // half a truck, in CSS pixels
in vec2 a_corner;           // of the unit quad, -1..1
in vec4 a_way;              // from x, y, to x, y
in vec2 a_time;             // when the glide started and how long it lasts, seconds
in vec2 a_look;             // heading in radians (negative: unknown), status
in float a_chosen;
out vec2 v_pos;
flat out int v_status;
flat out float v_heading;
flat out float v_chosen;

void main() {
  float part = a_time.y > 0.0 ? clamp((u_now - a_time.x) / a_time.y, 0.0, 1.0) : 1.0;
  vec4 centre = u_matrix * vec4(mix(a_way.xy, a_way.zw, part), 0.0, 1.0);
  float size = u_size * (a_chosen > 0.5 ? 1.35 : 1.0);
  // Only the chosen truck's ring needs the wide quad: the others save the pixels.
  vec2 reach = a_corner * (a_chosen > 0.5 ? 1.8 : 1.25);
  vec2 px = reach * size;
  gl_Position = centre + vec4(px / u_viewport * 2.0 * centre.w, 0.0, 0.0);
  float turn = a_look.x < 0.0 ? 0.0 : a_look.x - u_bearing;
  float c = cos(turn);
  float s = sin(turn);
  v_pos = mat2(c, s, -s, c) * reach;
  v_status = int(a_look.y);
  v_heading = a_look.x;
  v_chosen = a_chosen;
}`;

// Shapes tell the status as colours do: arrow moving, disc stopped, ring offline, else a dot.
export const FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 u_colours[4];
uniform vec3 u_halo;
uniform vec3 u_accent;
uniform float u_texel;      // one CSS pixel in the units of v_pos
in vec2 v_pos;
flat in int v_status;
flat in float v_heading;
flat in float v_chosen;
out vec4 colour;

float arrow(vec2 p) {
  p.x = abs(p.x);
  vec2 outer = normalize(vec2(1.72, 0.72));
  vec2 inner = normalize(vec2(-0.42, -0.72));
  return max(dot(p - vec2(0.0, 1.0), outer), dot(p - vec2(0.0, -0.42), inner));
}

float shape(vec2 p) {
  if (v_status == 1 && v_heading >= 0.0) return arrow(p);
  if (v_status == 1) return length(p) - 0.62;
  if (v_status == 2) return length(p) - 0.56;
  if (v_status == 3) return abs(length(p) - 0.44) - 0.15;
  return length(p) - 0.42;
}

void main() {
  float d = shape(v_pos);
  float fill = 1.0 - smoothstep(-u_texel * 0.5, u_texel * 0.5, d);
  float halo = 1.0 - smoothstep(u_texel * 0.9, u_texel * 1.9, d);
  vec3 body = mix(u_halo, u_colours[v_status], fill);
  float alpha = max(fill, halo * 0.92);
  if (v_chosen > 0.5) {
    float ring = abs(length(v_pos) - 1.5) - 0.09;
    float line = 1.0 - smoothstep(-u_texel * 0.5, u_texel * 0.5, ring);
    body = mix(body, u_accent, line);
    alpha = max(alpha, line);
  }
  colour = vec4(body * alpha, alpha);
}`;
