// JSON with line ends and indents, every value exactly as it was written: a number that JavaScript can't hold stays what it
// is, and so does 0.7400.
const PIECE = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;

export function pretty(raw) {
  try {
    JSON.parse(raw);
  } catch (e) {
    return raw; // it was cut, or was no JSON to begin with: shown as it came
  }
  let out = "", depth = 0, before = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [piece] of raw.matchAll(PIECE)) {
    if (piece === "}" || piece === "]") {
      --depth;
      out += before === "{" || before === "[" ? piece : line() + piece;
    } else if (piece === "," || piece === ":") {
      out += piece === ":" ? ": " : piece + line();
    } else {
      if (before === "{" || before === "[") out += line();
      out += piece;
      if (piece === "{" || piece === "[") ++depth;
    }
    before = piece;
  }
  return out;
}
