import react from '@vitejs/plugin-react'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const output = '../dist/ui'

/**
 * compressed replaces each file that a browser loads by its brotli and gzip forms, which is
 * all that the server needs: it embeds them, and unpacks for a client that takes neither.
 */
function compressed(): Plugin {
  return {
    name: 'isle-compressed',
    apply: 'build',
    closeBundle() {
      for (const path of filesIn(join(import.meta.dirname, output))) {
        if (!/\.(html|js|css|svg|json|ttf|txt)$/.test(path)) continue
        const content = readFileSync(path)
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }))
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
        rmSync(path)
      }
    },
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? filesIn(path) : [path]
  })
}

/**
 * chunks that many panes share: a request costs more than what it brings of a library that
 * the next pane needs anyway. What is large and not for all panes stays apart.
 */
const chunks = [
  { name: 'libraries', test: /[\\/]node_modules[\\/](?!monaco-editor|@xyflow|d3-|zustand|classcat)/, minShareCount: 2 },
  { name: 'portal', test: /[\\/]src[\\/](api|frame|home|identity)[\\/]/, minShareCount: 2 },
]

export default defineConfig({
  base: '/portal/',
  plugins: [react(), compressed()],
  worker: { format: 'es' },
  // `ISLE=https://localhost:7443 npx vite` serves the sources as they change, for a running server.
  server: { proxy: { '^/(?!portal/)': { target: process.env.ISLE ?? 'https://localhost:7443', secure: false, changeOrigin: true } } },
  build: {
    outDir: output,
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0, // the content security policy lets nothing be inline
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: chunks } } },
    chunkSizeWarningLimit: 6000,
  },
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
    environment: 'node',
  },
})
