#!/usr/bin/env node
// node check_onnx.mjs EXPORT_CASES FOLDER [MODEL.safetensors MNIST_DIR]: exported models, run by
// onnxruntime, against what this library says. Exits with 77 where onnxruntime-node is missing (it is
// looked for in NODE_PATH and beside the current folder).
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';

const tolerance = 1e-4;
let onnx;
for (const place of [...(process.env.NODE_PATH ?? '').split(':'), path.resolve('node_modules')]) {
  try {
    onnx ??= createRequire(import.meta.url)(path.join(place, 'onnxruntime-node'));
  } catch {
  }
}
if (!onnx) {
  console.log('skipped: no onnxruntime-node on this machine');
  process.exit(77);
}

const [tool, folder, ...rest] = process.argv.slice(2);
execFileSync(tool, [folder, ...rest], {stdio: 'inherit'});
const floats = name => new Float32Array(new Uint8Array(readFileSync(path.join(folder, name))).buffer);
const largest = row => row.indexOf(Math.max(...row));

let failed = false;
for (const line of readFileSync(path.join(folder, 'cases.txt'), 'utf8').trim().split('\n')) {
  const [name, ...numbers] = line.split(' ');
  const [count, channels, height, width, classes] = numbers.map(Number);
  const images = floats(`${name}.images`), expected = floats(`${name}.logits`);
  const session = await onnx.InferenceSession.create(path.join(folder, `${name}.onnx`));
  const size = channels * height * width, step = 100;
  let error = 0, scale = 0, same = 0;
  for (let first = 0; first < count; first += step) {
    const n = Math.min(step, count - first);
    const tensor = new onnx.Tensor('float32', images.subarray(first * size, (first + n) * size),
                                   [n, channels, height, width]);
    const {logits} = await session.run({images: tensor});
    for (let i = 0; i < n; ++i) {
      const ours = expected.subarray((first + i) * classes, (first + i + 1) * classes);
      const theirs = logits.data.subarray(i * classes, (i + 1) * classes);
      for (let k = 0; k < classes; ++k) {
        error = Math.max(error, Math.abs(ours[k] - theirs[k]));
        scale = Math.max(scale, Math.abs(ours[k]));
      }
      same += largest([...ours]) === largest([...theirs]) ? 1 : 0;
    }
  }
  const good = error <= tolerance * scale && same === count;
  failed ||= !good;
  console.log(`${name}: largest difference ${(error / scale).toExponential(1)} of the largest logit, ` +
              `${same} of ${count} answers the same${good ? '' : '  FAILED'}`);
}
process.exit(failed ? 1 : 0);
