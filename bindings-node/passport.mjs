import library from './passport.cjs';

export const { migrating } = library;
