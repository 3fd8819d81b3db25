// The map layer that draws trucks: one instanced draw call, thousands of moving trucks.

import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibre } from "maplibre-gl";
import type { Truck } from "../fleet/fleet";
import type { Palette } from "../theme";
import { FRAGMENT, VERTEX } from "./shaders";

const FLOATS = 9;
const SIZE_PX = 8;
const UNIFORMS = [
  "u_matrix",
  "u_viewport",
  "u_now",
  "u_bearing",
  "u_size",
  "u_colours",
  "u_halo",
  "u_accent",
  "u_texel",
] as const;

type Uniform = (typeof UNIFORMS)[number];

export class TrucksLayer implements CustomLayerInterface {
  readonly id = "trucks";
  readonly type = "custom";
  readonly renderingMode = "2d";
  drawn = 0;

  private map: MapLibre | null = null;
  private program: WebGLProgram | null = null;
  private vertices: WebGLVertexArrayObject | null = null;
  private instances: WebGLBuffer | null = null;
  private readonly places: Partial<Record<Uniform, WebGLUniformLocation | null>> = {};
  private data = new Float32Array(0);
  private stale = false;
  // Offsets from here fit a float with centimetres to spare; the whole world does not.
  private anchor: [number, number] = [0, 0];
  private epochMs = 0;
  private palette: Palette;

  constructor(palette: Palette) {
    this.palette = palette;
  }

  paint(palette: Palette): void {
    this.palette = palette;
  }

  /** Takes the trucks to draw from now on; the chosen one is drawn last, on top. */
  show(trucks: Truck[], chosen: Truck | null, anchor: [number, number], nowMs: number): void {
    const all = chosen === null ? trucks : [...trucks.filter((t) => t !== chosen), chosen];
    const data = new Float32Array(all.length * FLOATS);
    this.anchor = anchor;
    this.epochMs = nowMs;
    all.forEach((truck, i) => {
      const { fromX, fromY, toX, toY, startedMs, lastsMs } = truck.motion;
      const heading = truck.headingDeg === null ? -1 : (truck.headingDeg * Math.PI) / 180;
      data.set(
        [
          fromX - anchor[0],
          fromY - anchor[1],
          toX - anchor[0],
          toY - anchor[1],
          (startedMs - nowMs) / 1000,
          lastsMs / 1000,
          heading,
          truck.status,
          truck === chosen ? 1 : 0,
        ],
        i * FLOATS,
      );
    });
    this.data = data;
    this.drawn = all.length;
    this.stale = true;
    this.map?.triggerRepaint();
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext): void {
    this.map = map;
    const program = link(gl);
    this.program = program;
    for (const name of UNIFORMS) this.places[name] = gl.getUniformLocation(program, name);
    this.vertices = gl.createVertexArray();
    gl.bindVertexArray(this.vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    attribute(gl, program, "a_corner", 2, 8, 0, 0);
    this.instances = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.instances);
    const stride = FLOATS * 4;
    attribute(gl, program, "a_way", 4, stride, 0, 1);
    attribute(gl, program, "a_time", 2, stride, 16, 1);
    attribute(gl, program, "a_look", 2, stride, 24, 1);
    attribute(gl, program, "a_chosen", 1, stride, 32, 1);
    gl.bindVertexArray(null);
    this.stale = true;
  }

  onRemove(): void {
    this.map = null;
    this.program = null;
  }

  render(gl: WebGL2RenderingContext, args: CustomRenderMethodInput): void {
    const map = this.map;
    if (map === null || this.program === null || this.drawn === 0) return;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.vertices);
    if (this.stale) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.instances);
      gl.bufferData(gl.ARRAY_BUFFER, this.data, gl.DYNAMIC_DRAW);
      this.stale = false;
    }
    const canvas = map.getCanvas();
    const at = this.places;
    const matrix = around(args.defaultProjectionData.mainMatrix, this.anchor);
    gl.uniformMatrix4fv(at.u_matrix ?? null, false, matrix);
    gl.uniform2f(at.u_viewport ?? null, canvas.clientWidth, canvas.clientHeight);
    gl.uniform1f(at.u_now ?? null, (performance.now() - this.epochMs) / 1000);
    gl.uniform1f(at.u_bearing ?? null, (map.getBearing() * Math.PI) / 180);
    const size = sizeAt(map.getZoom());
    gl.uniform1f(at.u_size ?? null, size);
    gl.uniform1f(at.u_texel ?? null, 1 / size);
    gl.uniform3fv(at.u_colours ?? null, this.palette.statusRgb.flat());
    gl.uniform3fv(at.u_halo ?? null, this.palette.haloRgb);
    gl.uniform3fv(at.u_accent ?? null, this.palette.accentRgb);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.disable(gl.CULL_FACE);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.drawn);
    gl.bindVertexArray(null);
  }
}

function sizeAt(zoom: number): number {
  return SIZE_PX * Math.min(1.25, Math.max(0.8, 0.8 + (zoom - 5) * 0.06));
}

/** matrix x translation(anchor), in double precision. */
function around(matrix: ArrayLike<number>, [x, y]: [number, number]): Float32Array {
  const m = Array.from(matrix);
  for (let row = 0; row < 4; row += 1) {
    m[12 + row] = (m[row] ?? 0) * x + (m[4 + row] ?? 0) * y + (m[12 + row] ?? 0);
  }
  return new Float32Array(m);
}

function attribute(
  gl: WebGL2RenderingContext,
  program: WebGLProgram,
  name: string,
  size: number,
  stride: number,
  offset: number,
  divisor: number,
): void {
  const place = gl.getAttribLocation(program, name);
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, size, gl.FLOAT, false, stride, offset);
  gl.vertexAttribDivisor(place, divisor);
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind);
    if (shader === null) throw new Error("the graphics context is lost");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`truck shader: ${gl.getProgramInfoLog(program) ?? "does not link"}`);
  }
  return program;
}
