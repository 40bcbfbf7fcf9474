/** nameFrom is a file's name without its extension, in the letters that names may have. */
export function nameFrom(file: string): string {
  return file
    .replace(/\.[^.]*$/, '')
    .replaceAll(/[^\w.()-]+/g, '-')
    .slice(0, 80)
}

/** readText reads a file's text. */
export async function readText(file: File): Promise<string> {
  return file.text()
}

/** readBase64 reads a file's bytes. */
export async function readBase64(file: File): Promise<string> {
  return toBase64(new Uint8Array(await file.arrayBuffer()))
}

export function toBase64(bytes: Uint8Array): string {
  const piece = 0x8000 // arguments of one call
  let binary = ''
  for (let i = 0; i < bytes.length; i += piece) binary += String.fromCharCode(...bytes.subarray(i, i + piece))
  return btoa(binary)
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll(/\s/g, '')), (c) => c.charCodeAt(0))
}

/** sizeText is a number of bytes for people. */
export function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return ''
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
