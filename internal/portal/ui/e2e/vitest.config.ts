import { defineConfig } from 'vitest/config'

/** The scenarios drive one server, one after the other; `make test-real` starts it and tells its address. */
export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../node_modules/.vite',
  test: {
    include: ['*.e2e.ts', '*.measure.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 180_000, // ms; a bound against hanging, on a loaded machine
    hookTimeout: 180_000,
    bail: 1, // later scenarios build on earlier ones
  },
})
