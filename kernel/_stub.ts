export const folderFiles = (_: any): any => ({ check: async () => {} })
export const serveFiles = (..._: any[]) => {}
