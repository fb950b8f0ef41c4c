export * from './passport.js';
