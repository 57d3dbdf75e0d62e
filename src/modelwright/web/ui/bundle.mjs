// Bundles the islands and the style sheet into the folder named on the command line, and writes there what each came to be called.
import { build } from "esbuild";
import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
const result = await build({
  entryPoints: ["app.ts", "editor.ts", "lesson.ts", "map.ts", "studio.css"].map((name) => join(here, "src", name)),
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  splitting: true, // the editor's code is one file, which a lesson fetches when a block is first edited
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  legalComments: "none",
  entryNames: "[name]-[hash]",
  chunkNames: "shared-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  metafile: true,
  logLevel: "error",
});
const names = {};
for (const [path, made] of Object.entries(result.metafile.outputs)) {
  if (basename(path).startsWith("shared-")) continue; // asked for by other scripts, never by a page
  const source = made.entryPoint ?? Object.keys(made.inputs)[0];
  names[basename(source).replace(/\.ts$/, ".js")] = basename(path);
}
writeFileSync(join(out, "names.json"), JSON.stringify(names));
